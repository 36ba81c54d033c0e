import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { targetNamed } from '../target-registry.ts'
import { checkRandomFunction } from './property.ts'
import { registerTfjsGradients } from './tfjs-gradients.ts'

beforeAll(async () => {
  await registerTfjsGradients()
  await tf.setBackend('cpu')
})

describe.each(['interpreter', 'wasm', 'onnx'])(
  'random functions of 5 to 60 operations with gradients, on %s',
  (name) => {
    it('give what TensorFlow.js gives', async () => {
      for (let seed = 0; seed < 40; seed++) {
        expect(await checkRandomFunction(seed, targetNamed(name))).toBeUndefined()
      }
    })
  },
)
