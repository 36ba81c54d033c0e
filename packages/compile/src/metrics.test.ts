import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { compile } from './program.ts'
import { registerTfjsGradients } from './testing/tfjs-gradients.ts'
import { spec } from './tree.ts'

beforeAll(async () => {
  await registerTfjsGradients()
  await tf.setBackend('cpu')
})

describe.each(['interpreter', 'eager', 'onnx', 'wasm'])('metrics made inside a loss on %s', (target) => {
  it('are returned beside it', async () => {
    const program = compile({
      target,
      state: { w: tf.tensor1d([1, -2]) },
      functions: {
        update: {
          inputs: { x: spec([2]), rate: spec([]) },
          fn: (state: { w: tf.Tensor }, { x, rate }) => {
            const inside: Record<string, tf.Tensor> = {}
            const { value, grad } = tf.valueAndGrad((w: tf.Tensor) => {
              const error = tf.mul(w, x)
              // Kept: TensorFlow.js disposes of the rest when the loss returns, and eager needs it.
              inside['size'] = tf.keep(tf.sum(tf.abs(error)))
              inside['penalty'] = tf.keep(tf.mul(tf.scalar(0.5), rate))
              return tf.add(tf.mean(tf.square(error)), inside['penalty']) as tf.Scalar
            })(state.w)
            return { state: { w: tf.sub(state.w, tf.mul(grad, rate)) }, metrics: { loss: value, ...inside } }
          },
        },
      },
    })
    program.update.inputs.x.set([1, 1])
    program.update.inputs.rate[0] = 0.5
    const { metrics } = await program.update<{ metrics: Record<string, Float32Array> }>()
    const values = Object.fromEntries(Object.entries(metrics).map(([name, [value]]) => [name, value]))
    expect(values).toEqual({ loss: 2.75, size: 3, penalty: 0.25 })
    program.dispose()
  })
})

describe('metrics', () => {
  it('are refused where they are the same in every call, with the line', () => {
    const update = {
      inputs: { x: spec([2]) },
      fn: (_: never, { x }: { x: tf.Tensor }) => ({ metrics: { loss: tf.sum(x), fixed: tf.scalar(0.2) } }),
    }
    expect(() => compile({ target: 'wasm', functions: { update } })).toThrow(
      /'metrics\/fixed', a result of 'update', .*metrics\.test\.ts:\d+\)? would be the same .* pass it as one, or leave it out/,
    )
  })
})
