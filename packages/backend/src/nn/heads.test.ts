import { Pcg64 } from '@reprise/core'
import { categorical, gaussian, squashedGaussian } from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectGradient } from '../testing/finite-difference.ts'
import { loadBackend } from '../tfjs-backends.ts'

const list = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const close = (actual: tf.Tensor, expected: readonly number[], digits = 5) => {
  const values = list(actual)
  expect(values.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(values[i]).toBeCloseTo(value, digits)
  })
}
const inTidy = (run: () => void) => () => {
  tf.tidy(run)
}
/** The largest float32 below 1, which a uniform may be. */
const ALMOST_ONE = 1 - 2 ** -24

describe.each(['cpu', 'wasm'] as const)('heads on %s', (backend) => {
  beforeAll(() => loadBackend(backend))

  describe('categorical', () => {
    const p = [0.2, 0.5, 0.3]
    const logits = (rows: number) => tf.tensor2d(Array.from({ length: rows }, () => p.map(Math.log)))

    it(
      'inverts the cumulative distribution',
      inTidy(() => {
        const uniforms = [0, 0.19, 0.21, 0.69, 0.71, ALMOST_ONE]
        const action = categorical(logits(6), [3]).sample(tf.tensor2d(uniforms, [6, 1]))
        expect(action.dtype).toBe('int32')
        expect(action.shape).toEqual([6])
        expect(list(action)).toEqual([0, 0, 1, 1, 2, 2])
      }),
    )

    it(
      'gives log-probabilities, entropy and mode',
      inTidy(() => {
        const policy = categorical(logits(3), [3])
        close(policy.logProb(tf.tensor1d([0, 1, 2], 'int32')), p.map(Math.log))
        const h = -p.reduce((sum, x) => sum + x * Math.log(x), 0)
        close(policy.entropy(), [h, h, h])
        expect(list(policy.mode())).toEqual([1, 1, 1])
      }),
    )

    it(
      'never takes an illegal action, for any uniform, wherever it lies',
      inTidy(() => {
        // The illegal ones have by far the largest logits.
        const raw = tf.tile(tf.tensor2d([[50, 0.1, 50, 0.2, 50]]), [5, 1])
        const mask = tf.tile(tf.tensor2d([[0, 1, 0, 1, 0]], [1, 5], 'bool'), [5, 1])
        const policy = categorical(raw, [5], mask)
        const actions = list(policy.sample(tf.tensor2d([0, 0.3, 0.5, 0.7, ALMOST_ONE], [5, 1])))
        expect(actions).toEqual([1, 1, 3, 3, 3])
        expect(list(policy.mode())).toEqual([3, 3, 3, 3, 3])
        const q = 1 / (1 + Math.exp(0.1))
        const h = -(q * Math.log(q) + (1 - q) * Math.log(1 - q))
        close(policy.entropy(), [h, h, h, h, h])
      }),
    )

    it(
      'is certain where one action is legal: entropy 0, log-probability 0',
      inTidy(() => {
        const policy = categorical(tf.tensor2d([[3, -2]]), [2], tf.tensor2d([[0, 1]], [1, 2], 'bool'))
        expect(list(policy.sample(tf.tensor2d([[0]])))).toEqual([1])
        expect(Math.abs(list(policy.entropy())[0]!)).toBe(0)
        expect(list(policy.logProb(tf.tensor1d([1], 'int32')))[0]).toBeCloseTo(0)
      }),
    )

    it(
      'stays finite where nothing is legal, as in rows of padding',
      inTidy(() => {
        const policy = categorical(tf.tensor2d([[3, -2]]), [2], tf.tensor2d([[0, 0]], [1, 2], 'bool'))
        for (const x of [...list(policy.entropy()), ...list(policy.logProb(tf.tensor1d([0], 'int32')))])
          expect(x).toSatisfy(Number.isFinite)
      }),
    )

    it(
      'sums over sub-actions of different sizes',
      inTidy(() => {
        const a = [0.3, 0.7]
        const b = [0.1, 0.6, 0.3]
        const policy = categorical(tf.tensor2d([[...a, ...b].map(Math.log)]), [2, 3])
        const action = policy.sample(tf.tensor2d([[0.5, 0.05]]))
        expect(action.shape).toEqual([1, 2])
        expect(list(action)).toEqual([1, 0])
        close(policy.logProb(action), [Math.log(0.7) + Math.log(0.1)])
        close(policy.entropy(), [-[...a, ...b].reduce((sum, x) => sum + x * Math.log(x), 0)])
        expect(list(policy.mode())).toEqual([1, 1])
      }),
    )

    it(
      'samples in proportion',
      inTidy(() => {
        const uniforms = new Float32Array(20000)
        new Pcg64(1).fillUniform(uniforms)
        const actions = list(categorical(logits(20000), [3]).sample(tf.tensor2d(uniforms, [20000, 1])))
        p.forEach((share, k) => {
          expect(actions.filter((a) => a === k).length / 20000).toBeCloseTo(share, 1)
        })
      }),
    )

    const mask = () =>
      tf.tensor2d(
        [
          [1, 1, 1, 0, 1],
          [1, 1, 0, 1, 1],
        ],
        [2, 5],
        'bool',
      )
    const point = [0.2, -0.4, 0.9, 0.1, -0.7, 1.2, 0.3, -0.6, 0.5, 0.05]
    it.each([false, true])('has the right gradients (masked: %s)', (masked) => {
      const policy = (x: tf.Tensor) => categorical(tf.reshape(x, [2, 5]), [2, 3], masked ? mask() : undefined)
      expectGradient((x) => policy(x).logProb(tf.tensor2d([1, 2, 0, 1], [2, 2], 'int32')), point)
      expectGradient((x) => policy(x).entropy(), point)
    })
  })

  describe('gaussian', () => {
    const mean = [0.5, -1]
    const logStd = [Math.log(0.5), Math.log(2)]
    const normalLogDensity = (x: number, m: number, s: number) =>
      -0.5 * ((x - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI)

    it(
      'samples, and gives densities, entropy and mode',
      inTidy(() => {
        const policy = gaussian(tf.tensor2d([mean, mean]), tf.tensor1d(logStd))
        const action = policy.sample(
          tf.tensor2d([
            [1, -1],
            [0, 0],
          ]),
        )
        close(action, [1, -3, 0.5, -1])
        close(policy.logProb(action), [
          normalLogDensity(1, 0.5, 0.5) + normalLogDensity(-3, -1, 2),
          normalLogDensity(0.5, 0.5, 0.5) + normalLogDensity(-1, -1, 2),
        ])
        const h = Math.log(0.5) + Math.log(2) + 1 + Math.log(2 * Math.PI)
        close(policy.entropy(), [h, h])
        expect(policy.mode().shape).toEqual([2, 2])
      }),
    )

    it('has the right gradients, by mean and by deviation', () => {
      const point = [0.4, -0.3, 0.2, 0.8, -0.5, 0.3]
      const policy = (x: tf.Tensor) => {
        const [m, s] = tf.split(x as tf.Tensor1D, [4, 2])
        return gaussian(tf.reshape(m!, [2, 2]), s!)
      }
      expectGradient(
        (x) =>
          policy(x).logProb(
            tf.tensor2d([
              [0.1, 0.5],
              [-0.4, 0.9],
            ]),
          ),
        point,
      )
      expectGradient((x) => policy(x).entropy(), point)
    })
  })

  describe('squashedGaussian', () => {
    it(
      'corrects the density for tanh, also far out',
      inTidy(() => {
        const policy = squashedGaussian(tf.tensor2d([[0.3], [8]]), tf.tensor2d([[-1], [0]]))
        const { action, preTanh, logProb } = policy.sample(tf.tensor2d([[0.7], [1]]))
        const u = [0.3 + 0.7 * Math.exp(-1), 9]
        close(preTanh, u)
        close(action, u.map(Math.tanh))
        const base = [-0.5 * 0.7 ** 2 + 1 - 0.5 * Math.log(2 * Math.PI), -0.5 - 0.5 * Math.log(2 * Math.PI)]
        // 1 - tanh^2 = 4 e^-2u / (1 + e^-2u)^2, in float64.
        const log1mTanh2 = u.map((x) => Math.log(4) - 2 * x - 2 * Math.log1p(Math.exp(-2 * x)))
        close(
          logProb,
          base.map((x, i) => x - log1mTanh2[i]!),
          4,
        )
        close(policy.logProb(preTanh), list(logProb), 4)
        close(policy.mode(), [Math.tanh(0.3), Math.tanh(8)])
      }),
    )

    it('has the right gradients through the sample', () => {
      expectGradient(
        (x) => {
          const [m, s] = tf.split(tf.reshape(x, [2, 2]) as tf.Tensor2D, [1, 1], 1)
          return squashedGaussian(m!, s!).sample(tf.tensor2d([[0.5], [-0.8]])).logProb
        },
        [0.2, -0.3, -0.6, 0.4],
      )
    })
  })
})
