import { discrete, Pcg64 } from '@reprise/core'
import {
  actionHead,
  applyGru,
  gruShapes,
  initGru,
  layoutOf,
  packHost,
  recurrentActorCritic,
  unpackParams,
  valueAndGradient,
} from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectGradient } from '../testing/finite-difference.ts'
import { loadBackend } from '../tfjs-backends.ts'

const [D, H, T, E] = [3, 2, 3, 2] as const
const GATES = ['reset', 'update', 'candidate'] as const
const layout = layoutOf(gruShapes('gru', D, H))
const list = (tensor: tf.Tensor) => Array.from(tensor.dataSync())

/** Numbers that PyTorch was given too. */
const wave = (count: number) => Array.from({ length: count }, (_, k) => 0.8 * Math.sin(1.7 * (k + 1) + 0.3))

/** Rows of gate `g` in PyTorch's [3 H, columns], transposed to [columns, H]. */
const gate = (all: readonly number[], g: number, columns: number) =>
  Array.from({ length: columns * H }, (_, i) => all[(g * H + (i % H)) * columns + Math.floor(i / H)]!)

/** The parameters of `torch.nn.GRU(3, 2)` with waves for weights. */
function torchParams(): Float32Array {
  const [inputs, hidden] = [wave(3 * H * D), wave(3 * H * H).map((x) => 1.1 * x)]
  const [bi, bh] = [wave(3 * H).map((x) => 0.5 * x), wave(3 * H).map((x) => -0.25 * x)]
  const arrays: Record<string, number[]> = {}
  GATES.forEach((name, g) => {
    arrays[`gru/${name}/input`] = gate(inputs, g, D)
    arrays[`gru/${name}/hidden`] = gate(hidden, g, H)
    const own = bi.slice(g * H, (g + 1) * H)
    const other = bh.slice(g * H, (g + 1) * H)
    arrays[`gru/${name}/bias`] = g === 2 ? own : own.map((b, i) => b + other[i]!)
    if (g === 2) arrays['gru/candidate/hiddenBias'] = other
  })
  return packHost(arrays, layout)
}

const rows = () => tf.tensor2d(wave(T * E * D), [T * E, D])
const memory = () =>
  tf.tensor2d(
    wave(E * H).map((x) => 0.5 * x),
    [E, H],
  )

// PyTorch 2, float32: y, and the gradients of sum(y * wave).
const Y = [
  0.191232, 0.3680912, -0.5437354, 0.2663922, -0.0202803, 0.0511093, 0.1065903, 0.1161262, 0.4783516, -0.0360985,
  0.1306753, 0.4264644,
]
const BY_ROWS = [
  -1.0016482, 0.2696573, 0.9321604, 0.6466477, -0.4756772, -0.5240709, -0.0109951, 0.0355723, 0.0018284, -0.0659848,
  0.0779492, 0.0458981, -0.1092352, 0.1173649, 0.0789916, 0.2325779, -0.2621445, -0.1650261,
]
const BY_INPUT = [
  0.0194501, -0.0055121, -0.0180297, 0.0472866, 0.0009542, -0.0475325, -0.0441338, 0.0015037, 0.0437463, 0.1216874,
  -0.2189386, -0.0652694, 0.4115013, -0.325286, -0.3276786, 0.0770006, 0.6478189, -0.2439364,
]
const BY_HIDDEN = [
  -0.0094811, -0.0019926, -0.0279547, 0.0112119, 0.0289371, 0.0017682, -0.0594017, -0.1286942, 0.2777571, -0.129278,
  -0.4476053, 0.3080128,
]
const BY_BIAS = [0.0121102, 0.0323885, 0.1191102, -0.0334796, 0.6776786, -0.2028023]
const BY_HIDDEN_BIAS = [0.5703123, 0.1801525]

const expectClose = (got: ArrayLike<number>, want: readonly number[]) => {
  expect(got.length).toBe(want.length)
  want.forEach((value, i) => {
    expect(got[i], `element ${i}`).toBeCloseTo(value, 5)
  })
}

describe.each(['cpu', 'wasm'] as const)('the GRU on %s', (backend) => {
  beforeAll(() => loadBackend(backend))

  const run = (params: tf.Tensor, x = rows(), start: tf.Tensor = memory(), keep?: tf.Tensor) =>
    applyGru(unpackParams(params, layout), 'gru', x, start, keep)

  it("has PyTorch's outputs and gradients", () => {
    tf.tidy(() => {
      const params = tf.tensor1d(torchParams())
      const objective = (y: tf.Tensor) => tf.sum(tf.mul(y, tf.tensor2d(wave(T * E * H), [T * E, H])))
      const { gradient, aux } = valueAndGradient(params, (p) => {
        const y = run(p)
        return { loss: objective(y), aux: { y } }
      })
      expectClose(list(aux.y), Y)
      const parts = unpackParams(gradient, layout)
      GATES.forEach((name, g) => {
        expectClose(list(parts[`gru/${name}/input`]!), gate(BY_INPUT, g, D))
        expectClose(list(parts[`gru/${name}/hidden`]!), gate(BY_HIDDEN, g, H))
        expectClose(list(parts[`gru/${name}/bias`]!), BY_BIAS.slice(g * H, (g + 1) * H))
      })
      expectClose(list(parts['gru/candidate/hiddenBias']!), BY_HIDDEN_BIAS)
      const byRows = valueAndGradient(rows(), (x) => ({ loss: objective(run(params, x as tf.Tensor2D)), aux: {} }))
      expectClose(list(byRows.gradient), BY_ROWS)
    })
  })

  it('has the gradient of finite differences where episodes begin between its steps', () => {
    tf.tidy(() => {
      const keep = tf.tensor2d([1, 0, 0, 1, 1, 1], [T * E, 1])
      expectGradient((p) => run(p, rows(), memory(), keep), Array.from(torchParams()))
    })
  })

  it('begins anew where an episode begins', () => {
    tf.tidy(() => {
      const params = tf.tensor1d(torchParams())
      const restarted = run(params, rows(), memory(), tf.tensor2d([1, 1, 0, 0, 1, 1], [T * E, 1]))
      const fresh = run(params, tf.slice(rows(), [E, 0]), tf.zeros([E, H]))
      expect(list(tf.slice(restarted, [E, 0]))).toEqual(list(fresh))
    })
  })

  it('gives step by step what it gives for whole sequences', () => {
    tf.tidy(() => {
      const params = tf.tensor1d(torchParams())
      const whole = list(run(params))
      let state: tf.Tensor = memory()
      for (let t = 0; t < T; t++) {
        state = run(params, tf.slice(rows(), [t * E, 0], [E, D]), state)
        expectClose(list(state), whole.slice(t * E * H, (t + 1) * E * H))
      }
    })
  })
})

describe('a recurrent actor-critic', () => {
  beforeAll(() => loadBackend('cpu'))

  it.each([
    ['none', H],
    ['shared', H],
    ['separate', 2 * H],
  ] as const)('with critic %s has memory for %d numbers and a policy that reads them', (critic, size) => {
    tf.tidy(() => {
      const net = recurrentActorCritic({
        inputs: D,
        head: actionHead(discrete(3)),
        hidden: [4],
        activation: 'tanh',
        critic,
        memorySize: H,
      })
      const params = tf.tensor1d(net.init(new Pcg64(1)).map((x) => x + 0.1))
      expect(net.memorySize).toBe(size)
      const entropyFrom = (values: number) => {
        const { policy, memory, value } = net.apply(params, rows(), undefined, { memory: tf.fill([E, size], values) })
        expect(memory!.shape).toEqual([T * E, size])
        expect(value?.shape).toEqual(critic === 'none' ? undefined : [T * E])
        return list(policy.entropy())
      }
      expect(entropyFrom(0)).not.toEqual(entropyFrom(0.5))
      const alone = net.applyPolicy(params, rows(), undefined, { memory: tf.zeros([T * E, size]) })
      expect(alone.value).toBeUndefined()
      expect(list(alone.policy.mode()).length).toBe(T * E)
    })
  })

  it('begins with orthogonal recurrent matrices and zero biases', () => {
    const arrays = initGru('gru', 3, 4, new Pcg64(2))
    for (const name of GATES) {
      const w = arrays[`gru/${name}/hidden`]!
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++) {
          const dot = [0, 1, 2, 3].reduce((sum, k) => sum + w[i * 4 + k]! * w[j * 4 + k]!, 0)
          expect(dot).toBeCloseTo(i === j ? 1 : 0, 5)
        }
      expect(arrays[`gru/${name}/bias`]!.every((b) => b === 0)).toBe(true)
    }
  })
})
