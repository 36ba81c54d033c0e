import { box, dict, discrete, Pcg64 } from '@reprise/core'
import {
  actionHead,
  applyAttention,
  attentionActorCritic,
  attentionShapes,
  elementLists,
  initAttention,
  layoutOf,
  packHost,
  unpackParams,
} from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectGradient } from '../testing/finite-difference.ts'
import { loadBackend } from '../tfjs-backends.ts'

const list = (tensor: tf.Tensor) => Array.from(tensor.dataSync())
const unit = (shape: number[]) => box({ low: 0, high: 1, shape })
// Sorted by key: one number, a list of 3 elements, one of 2, two numbers.
const space = dict({ clock: unit([1]), elements: unit([3, 4]), goals: unit([2, 4]), rest: unit([2]) })
const lists = elementLists(space)
const spec = { inputs: 23, lists, width: 6, heads: 2 }
const [N, TOKENS] = [2, 6]

function observations(seed = 5): tf.Tensor2D {
  const rows = new Float32Array(N * spec.inputs)
  new Pcg64(seed).fillUniform(rows)
  return tf.tensor2d(rows, [N, spec.inputs])
}

describe.each(['cpu', 'wasm'] as const)('attention over elements on %s', (backend) => {
  beforeAll(() => loadBackend(backend))
  const layout = layoutOf(attentionShapes('attention', spec))

  it('knows where lists lie in an encoded observation', () => {
    expect(lists).toEqual([
      { path: 'elements', count: 3, features: 4, offset: 1 },
      { path: 'goals', count: 2, features: 4, offset: 13 },
    ])
    expect(elementLists(unit([5, 2]))).toEqual([{ path: '', count: 5, features: 2, offset: 0 }])
    expect(elementLists(discrete(4))).toEqual([])
  })

  it('treats elements alike: exchanged elements become exchanged tokens, and the others stay', () => {
    tf.tidy(() => {
      const arrays = initAttention('attention', spec, new Pcg64(1))
      for (const name of Object.keys(arrays)) if (name.endsWith('position')) arrays[name]!.fill(0)
      const params = unpackParams(tf.tensor1d(packHost(arrays, layout)), layout)
      const rows = observations()
      const exchanged = tf.gather(rows, [0, 5, 6, 7, 8, 1, 2, 3, 4, ...Array.from({ length: 14 }, (_, i) => 9 + i)], 1)
      const tokens = applyAttention(params, 'attention', spec, rows)
      expect(tokens.shape).toEqual([N, TOKENS, 6])
      const wanted = list(tf.gather(tokens, [1, 0, 2, 3, 4, 5], 1))
      list(applyAttention(params, 'attention', spec, exchanged)).forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i]!, 5)
      })
      // Every token hears of every other.
      const other = tf.add(rows, tf.oneHot(tf.tensor1d([22, 22], 'int32'), 23))
      const moved = list(tf.max(tf.abs(tf.sub(applyAttention(params, 'attention', spec, other), tokens)), [0, 2]))
      for (const change of moved) expect(change).toBeGreaterThan(1e-4)
    })
  })

  it.each(['none', 'shared', 'separate'] as const)('makes policies and values, critic %s', (critic) => {
    tf.tidy(() => {
      const head = actionHead(discrete(5))
      const net = attentionActorCritic({ ...spec, head, hidden: [4], activation: 'tanh', critic, pointAt: 0 })
      const params = tf.tensor1d(net.init(new Pcg64(1)))
      const { policy, value } = net.apply(params, observations())
      expect(list(policy.entropy())[0]).toBeCloseTo(Math.log(5), 2)
      expect(value?.shape).toEqual(critic === 'none' ? undefined : [N])
      expect(net.applyPolicy(params, observations()).value).toBeUndefined()
    })
  })

  it.each([
    [0, [0, 1, 2]],
    [1, [0, 1]],
  ] as const)('reads the logits of choices that point at list %d off its elements alone', (pointAt, choices) => {
    tf.tidy(() => {
      const head = actionHead(discrete(5))
      const net = attentionActorCritic({ ...spec, head, hidden: [4], activation: 'tanh', critic: 'none', pointAt })
      const vector = net.init(new Pcg64(1))
      const at = (name: string) => net.layout.entries.find((entry) => entry.name === name)!
      const logProbs = (params: Float32Array) =>
        Array.from({ length: 5 }, (_, a) => {
          const { policy } = net.apply(tf.tensor1d(params), observations())
          return list(policy.logProb(tf.fill([N], a, 'int32')))[0]!
        })
      const changed = vector.slice()
      const { offset, size } = at('policy/point/out/weight')
      for (let i = 0; i < size; i++) changed[offset + i]! += 0.5 * (i + 1)
      const [before, after] = [logProbs(vector), logProbs(changed)]
      // Choices without an element move together: their logits are as they were, only the sum is not.
      const shift = after[4]! - before[4]!
      for (let a = 0; a < 5; a++) {
        const moved = Math.abs(after[a]! - before[a]! - shift) > 1e-3
        expect(moved, `choice ${a}`).toBe((choices as readonly number[]).includes(a))
      }
    })
  })
})

describe('a policy with attention', () => {
  beforeAll(() => loadBackend('cpu'))

  it('has the gradient of finite differences', () => {
    const small = { ...spec, width: 2, heads: 1, pointAt: 0 }
    const net = attentionActorCritic({
      ...small,
      head: actionHead(discrete(4)),
      hidden: [2],
      activation: 'tanh',
      critic: 'none',
    })
    // Logits that are far enough apart to have a gradient everywhere.
    const point = Array.from(net.init(new Pcg64(2)), (x, i) => x + 0.2 * Math.sin(i))
    tf.tidy(() => {
      expectGradient(
        (p) => net.apply(p, observations()).policy.logProb(tf.tensor1d([0, 3], 'int32')),
        point,
        3e-3,
        2e-2,
      )
    })
  })
})
