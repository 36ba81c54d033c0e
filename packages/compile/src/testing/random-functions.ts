/** The property that every target is held to, for the seeds that a test file names. */
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { targetNamed } from '../target-registry.ts'
import { checkRandomFunction } from './property.ts'
import { registerTfjsGradients } from './tfjs-gradients.ts'

/** Seeds from `first` up to and without `end`. */
export function describeRandomFunctions(first: number, end: number): void {
  beforeAll(async () => {
    await registerTfjsGradients()
    await tf.setBackend('cpu')
  })

  describe('random functions of 5 to 60 operations with gradients', () => {
    it('give on every target what TensorFlow.js gives', async () => {
      const targets = ['interpreter', 'wasm', 'onnx'].map(targetNamed)
      const results: (string | undefined)[] = []
      for (let seed = first; seed < end; seed++) results.push(await checkRandomFunction(seed, targets))
      expect(results.filter((result) => result !== undefined && result !== 'unstable')).toEqual([])
      expect(results.filter((result) => result === 'unstable').length).toBeLessThan(0.05 * results.length)
    })
  })
}
