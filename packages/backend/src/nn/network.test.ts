import { box, discrete, Pcg64 } from '@reprise/core'
import {
  type ActivationName,
  actionHead,
  actorCritic,
  applyMlp,
  columns,
  initMlp,
  layerNorm,
  mlpShapes,
  network,
  packHost,
  packParams,
  pick,
  unpackParams,
  valueAndGradient,
} from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectGradient } from '../testing/finite-difference.ts'
import { loadBackend } from '../tfjs-backends.ts'

const list = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const rows = () => tf.tensor2d([0.3, -0.8, 1.2, 0.5, 0.1, -0.4], [2, 3])

describe.each(['cpu', 'wasm'] as const)('networks on %s', (backend) => {
  beforeAll(() => loadBackend(backend))

  const spec = (activation: ActivationName, hidden: number[] = [5, 4], layerNorm = false) =>
    ({ inputs: 3, hidden, outputs: 2, activation, layerNorm }) as const

  it.each(['tanh', 'relu', 'elu', 'linear', 'silu', 'softplus'] as const)(
    'has the same outputs and gradients as op-by-op differentiation: %s',
    (activation) => {
      tf.tidy(() => {
        const shape = spec(activation)
        const net = network('net', shape)
        const arrays = initMlp('net', shape, { kind: 'torch' }, new Pcg64(3))
        const params = tf.tensor1d(packHost(arrays, net.layout))
        const run = (apply: (params: tf.Tensor) => tf.Tensor) =>
          valueAndGradient(params, (p) => {
            const out = apply(p)
            return { loss: tf.sum(tf.mul(tf.square(out), tf.tensor1d([1, 2]))), aux: { out } }
          })
        const fast = run((p) => net.apply(p, rows()))
        const plain = run((p) => applyMlp(unpackParams(p, net.layout), 'net', shape, rows()))
        expect(list(fast.aux.out)).toEqual(list(plain.aux.out))
        const want = list(plain.gradient)
        list(fast.gradient).forEach((g, i) => {
          expect(g).toBeCloseTo(want[i]!, 5)
        })
        expect(want.some((g) => g !== 0)).toBe(true)
      })
    },
  )

  it.each([
    ['one hidden layer', spec('tanh', [4])],
    ['a linear map', spec('tanh', [])],
    ['layer norm', spec('tanh', [5], true)],
  ])('has the gradient of finite differences: %s', (_, shape) => {
    const net = network('net', shape)
    const point = Array.from(packHost(initMlp('net', shape, { kind: 'torch' }, new Pcg64(5)), net.layout))
    expectGradient((p) => net.apply(p, rows()), point)
  })

  it('normalises each row to mean 0 and deviation 1', () => {
    tf.tidy(() => {
      const out = list(layerNorm(tf.tensor2d([[1, 2, 3, 6]]), tf.ones([4]), tf.zeros([4])))
      expect(out.reduce((a, b) => a + b, 0)).toBeCloseTo(0)
      expect(out.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 3)
    })
  })

  it('takes columns, and sends gradients back to them', () => {
    tf.tidy(() => {
      expect(list(columns(rows(), 1, 2))).toEqual([-0.8, 1.2, 0.1, -0.4].map(Math.fround))
    })
    expectGradient((x) => columns(tf.reshape(x, [2, 3]), 1, 2), [1, 2, 3, 4, 5, 6])
  })

  it('picks by one-hot, with a gradient', () => {
    const index = () => tf.tensor1d([2, 0], 'int32')
    tf.tidy(() => {
      expect(list(pick(rows(), index()))).toEqual([1.2, 0.5].map(Math.fround))
    })
    expectGradient((x) => pick(tf.reshape(x, [2, 3]), index()), [1, 2, 3, 4, 5, 6])
  })

  it('packs and unpacks tensors', () => {
    tf.tidy(() => {
      const shape = spec('tanh')
      const net = network('net', shape)
      expect(net.layout.entries.map(({ name }) => name)).toEqual(Object.keys(mlpShapes('net', shape)))
      const vector = tf.tensor1d(Float32Array.from({ length: net.layout.size }, (_, i) => i))
      expect(list(packParams(unpackParams(vector, net.layout), net.layout))).toEqual(list(vector))
      expect(() => packParams({}, net.layout)).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
    })
  })

  describe.each(['none', 'shared', 'separate'] as const)('actor and critic: %s', (critic) => {
    const make = (space = discrete(3) as Parameters<typeof actionHead>[0]) =>
      actorCritic({ inputs: 3, head: actionHead(space), hidden: [8], activation: 'tanh', critic, logStdInit: -0.5 })

    it('starts with a nearly uniform policy and reads every parameter', () => {
      tf.tidy(() => {
        const net = make()
        const params = tf.tensor1d(net.init(new Pcg64(1)))
        const { policy, value } = net.apply(params, rows())
        for (const p of list(policy.logProb(tf.tensor1d([0, 2], 'int32')))) expect(p).toBeCloseTo(Math.log(1 / 3), 1)
        if (critic === 'none') expect(value).toBeUndefined()
        else expect(value!.shape).toEqual([2])
        const { gradient } = valueAndGradient(params, (p) => {
          const { policy, value } = net.apply(p, rows())
          const loss = tf.sum(policy.logProb(tf.tensor1d([0, 2], 'int32')))
          return { loss: value ? tf.add(loss, tf.sum(tf.square(value))) : loss, aux: {} }
        })
        expect(list(gradient).filter((g) => g === 0).length).toBe(0)
      })
    })

    it('has the same policy alone', () => {
      tf.tidy(() => {
        const net = make(box({ low: -1, high: 1, shape: [2] }))
        const params = tf.tensor1d(net.init(new Pcg64(1)))
        expect(list(net.applyPolicy(params, rows()).policy.mode())).toEqual(
          list(net.apply(params, rows()).policy.mode()),
        )
        expect(list(net.apply(params, rows()).logStd!)).toEqual([-0.5, -0.5])
      })
    })
  })
})
