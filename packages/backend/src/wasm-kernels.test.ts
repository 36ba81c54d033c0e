import { Pcg64 } from '@reprise/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadBackend } from './tfjs-backends.ts'

const list = (tensor: tf.Tensor) => Array.from(tensor.dataSync())

describe('replaced wasm kernels', () => {
  beforeAll(() => loadBackend('wasm'))

  it('tanh is right to 2.5e-7 everywhere, few elements or many', () => {
    const x = Float32Array.from({ length: 4096 }, (_, i) => (i - 2048) / 100)
    x.set([0, -0, 1e-6, 30, -100, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])
    tf.tidy(() => {
      for (const length of [8, 4096]) {
        const y = tf.tanh(tf.tensor1d(x.slice(0, length))).dataSync()
        y.forEach((value, i) => {
          if (Number.isNaN(x[i]!)) expect(value).toBeNaN()
          else expect(Math.abs(value - Math.tanh(x[i]!))).toBeLessThanOrEqual(2.5e-7)
        })
      }
    })
  })

  it('select takes each element from where the condition says, of both types', () => {
    tf.tidy(() => {
      const condition = tf.tensor1d([1, 0, 1], 'bool')
      expect(list(tf.where(condition, tf.tensor1d([1, 2, Number.NaN]), tf.tensor1d([4, -0, 6])))).toEqual([
        1,
        -0,
        Number.NaN,
      ])
      const ints = tf.where(condition, tf.tensor1d([1, 2, 3], 'int32'), tf.tensor1d([4, 5, 6], 'int32'))
      expect(list(ints)).toEqual([1, 5, 3])
      expect(ints.dtype).toBe('int32')
      const rows = tf.where(tf.tensor2d([[1], [0]], [2, 1], 'bool'), tf.ones([2, 2]), tf.zeros([2, 2]))
      expect(list(rows)).toEqual([1, 1, 0, 0])
    })
  })

  it('split gives the parts along any axis, of any type', () => {
    const rng = new Pcg64(1)
    const shape = [3, 4, 50]
    const x = Float32Array.from({ length: 600 }, () => rng.random())
    tf.tidy(() => {
      const tensor = tf.tensor3d(x, shape as [number, number, number])
      for (const [axis, sizes] of [
        [0, [1, 2]],
        [1, [1, 3]],
        [2, [40, 7, 3]],
        [-1, [25, 25]],
      ] as const) {
        const parts = tf.split(tensor, [...sizes], axis)
        expect(parts.map((part) => part.shape.at(axis))).toEqual(sizes)
        expect(list(tf.concat(parts, axis < 0 ? 3 + axis : axis))).toEqual(Array.from(x))
      }
      const [left, right] = tf.split(
        tf.tensor2d(
          [
            [1, 0],
            [0, 1],
          ],
          [2, 2],
          'bool',
        ),
        2,
        1,
      )
      expect([list(left!), list(right!)]).toEqual([
        [1, 0],
        [0, 1],
      ])
      expect(list(tf.split(tf.tensor1d([1, 2, 3, 4], 'int32'), 2)[1]!)).toEqual([3, 4])
    })
  })
})

describe('loadBackend', () => {
  it('leaves the process with the handlers that it had', async () => {
    await loadBackend('wasm')
    const named = process.listeners('uncaughtException').map(String)
    expect(named.filter((source) => source.includes('ExitStatus'))).toEqual([])
  })
})
