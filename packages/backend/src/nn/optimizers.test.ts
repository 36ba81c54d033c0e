import { Pcg64 } from '@reprise/core'
import { type AdamOptions, adam, clipByGlobalNorm, ema, globalNorm, selectTree, sgd } from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadBackend } from '../tfjs-backends.ts'

const list = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const bits = (tensor: tf.Tensor) => Array.from(new Uint32Array(Float32Array.from(tensor.dataSync()).buffer))

/** PyTorch's Adam and AdamW in float64, as its documentation states them. */
function referenceAdam(params: number[], gradients: number[][], lr: number, options: AdamOptions): number[] {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options
  const p = [...params]
  const m = p.map(() => 0)
  const v = p.map(() => 0)
  gradients.forEach((g, k) => {
    const t = k + 1
    for (let i = 0; i < p.length; i++) {
      p[i]! -= lr * weightDecay * p[i]!
      m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!
      v[i] = beta2 * v[i]! + (1 - beta2) * g[i]! ** 2
      p[i]! -= (lr * (m[i]! / (1 - beta1 ** t))) / (Math.sqrt(v[i]! / (1 - beta2 ** t)) + epsilon)
    }
  })
  return p
}

describe.each(['cpu', 'wasm'] as const)('optimisers on %s', (backend) => {
  beforeAll(() => loadBackend(backend))

  it.each([
    ['Adam', {}],
    ['Adam of PPO', { epsilon: 1e-5 }],
    ['Adam with other betas', { beta1: 0.5, beta2: 0.99 }],
    ['AdamW', { weightDecay: 0.1 }],
  ])('%s steps as PyTorch does', (_, options) => {
    const rng = new Pcg64(1)
    const draw = () => Array.from({ length: 6 }, () => rng.normal())
    const start = draw()
    const gradients = Array.from({ length: 30 }, draw)
    tf.tidy(() => {
      let params: tf.Tensor = tf.tensor1d(start)
      let state = { m: tf.zeros([6]) as tf.Tensor, v: tf.zeros([6]) as tf.Tensor, step: tf.scalar(0) as tf.Tensor }
      for (const g of gradients) ({ params, state } = adam(params, tf.tensor1d(g), state, tf.scalar(0.01), options))
      const want = referenceAdam(start, gradients, 0.01, options)
      list(params).forEach((p, i) => {
        expect(p).toBeCloseTo(want[i]!, 5)
      })
      expect(list(state.step)).toEqual([30])
    })
  })

  it('corrects the bias exactly at the first steps: moves by the learning rate', () => {
    tf.tidy(() => {
      const zero = () => tf.zeros([2])
      const { params } = adam(
        zero(),
        tf.tensor1d([1e-3, -50]),
        { m: zero(), v: zero(), step: tf.scalar(0) },
        tf.scalar(0.1),
      )
      list(params).forEach((p, i) => {
        expect(p).toBeCloseTo(i === 0 ? -0.1 : 0.1, 5)
      })
    })
  })

  it('SGD keeps a velocity', () => {
    tf.tidy(() => {
      let params: tf.Tensor = tf.tensor1d([1])
      let state = { velocity: tf.zeros([1]) as tf.Tensor, step: tf.scalar(0) as tf.Tensor }
      for (const g of [1, 1, -2])
        ({ params, state } = sgd(params, tf.tensor1d([g]), state, tf.scalar(0.1), { momentum: 0.5 }))
      // velocities 1, 1.5, -1.25
      expect(list(params)[0]).toBeCloseTo(1 - 0.1 * (1 + 1.5 - 1.25), 6)
      expect(list(sgd(tf.tensor1d([1]), tf.tensor1d([2]), state, tf.scalar(0.1)).params)[0]).toBeCloseTo(0.8, 6)
    })
  })

  it('clips by the global norm, and leaves small gradients alone', () => {
    tf.tidy(() => {
      const { gradient, norm } = clipByGlobalNorm(tf.tensor1d([3, 4]), 1)
      expect(list(norm)).toEqual([5])
      expect(list(globalNorm(gradient))[0]).toBeCloseTo(1, 5)
      expect(list(clipByGlobalNorm(tf.tensor1d([0.3, 0.4]), 1).gradient)).toEqual([0.3, 0.4].map(Math.fround))
      expect(list(clipByGlobalNorm(tf.tensor1d([0, 0]), 1).gradient)).toEqual([0, 0])
    })
  })

  it('averages exponentially', () => {
    tf.tidy(() => {
      expect(list(ema(tf.tensor1d([0, 10]), tf.tensor1d([10, 10]), 0.1))).toEqual([1, 10])
      expect(list(ema(tf.tensor1d([0]), tf.tensor1d([10]), tf.scalar(0.5)))).toEqual([5])
    })
  })

  it('keeps bits when inactive: signed zeros, infinities, not-a-numbers and denormals included', () => {
    tf.tidy(() => {
      const odd = [-0, 0, Number.POSITIVE_INFINITY, Number.NaN, 1e-40, 0.1, -3]
      const old = { params: tf.tensor1d(odd), inner: { step: tf.scalar(7), flag: tf.tensor1d([1, 0], 'bool') } }
      const next = {
        params: tf.tensor1d(odd.map((_, i) => i)),
        inner: { step: tf.scalar(8), flag: tf.tensor1d([0, 0], 'bool') },
      }
      const kept = selectTree(tf.scalar(false, 'bool'), next, old)
      expect(bits(kept.params)).toEqual(bits(old.params))
      expect(list(kept.inner.step)).toEqual([7])
      expect(list(kept.inner.flag)).toEqual([1, 0])
      const taken = selectTree(tf.scalar(true, 'bool'), next, old)
      expect(bits(taken.params)).toEqual(bits(next.params))
      expect(list(taken.inner.step)).toEqual([8])
    })
  })
})
