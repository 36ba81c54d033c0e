/**
 * A gated recurrent unit (Cho et al. 2014) over whole sequences, in PyTorch's form:
 *   r = sigmoid(W_ir x + b_r + W_hr h)    z = sigmoid(W_iz x + b_z + W_hz h)
 *   n = tanh(W_in x + b_in + r (W_hn h + b_hn))    h' = (1 - z) n + z h
 * `nn.GRU` keeps two biases per gate that only ever count as their sum; b_hn alone stands apart. Every gate has matrices of
 * its own here: columns cut out of wide ones are copies on most backends.
 */
import type { Pcg64 } from '@reprise/core'
import {
  add,
  concat,
  customGrad,
  matMul,
  mul,
  ones,
  reshape,
  sigmoid,
  split,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  tanh,
  transpose,
} from '@tensorflow/tfjs-core'
import { orthogonal } from './init.ts'
import type { NamedTensors, Shapes } from './layout.ts'

const GATES = ['reset', 'update', 'candidate'] as const

/** Names and shapes: `<prefix>/reset/input` [inputs, size], `<prefix>/reset/hidden` [size, size], `<prefix>/reset/bias`, ... */
export function gruShapes(prefix: string, inputs: number, size: number): Shapes {
  const shapes: Record<string, readonly number[]> = {}
  for (const gate of GATES) {
    shapes[`${prefix}/${gate}/input`] = [inputs, size]
    shapes[`${prefix}/${gate}/hidden`] = [size, size]
    shapes[`${prefix}/${gate}/bias`] = [size]
  }
  shapes[`${prefix}/candidate/hiddenBias`] = [size]
  return shapes
}

/** Orthogonal matrices, biases 0. */
export function initGru(prefix: string, inputs: number, size: number, rng: Pcg64): Record<string, Float32Array> {
  const arrays: Record<string, Float32Array> = {}
  for (const gate of GATES) {
    arrays[`${prefix}/${gate}/input`] = orthogonal(rng, inputs, size, 1)
    arrays[`${prefix}/${gate}/hidden`] = orthogonal(rng, size, size, 1)
    arrays[`${prefix}/${gate}/bias`] = new Float32Array(size)
  }
  arrays[`${prefix}/candidate/hiddenBias`] = new Float32Array(size)
  return arrays
}

/**
 * The state after every row, [T E, size], of E sequences of T steps each.
 *
 * `rows` [T E, inputs], time-major: row t E + e is step t of sequence e. `memory` [E, size]: the states before the first
 * step; no gradient goes there. `keep` [T E, 1]: 0 at rows before which the state becomes zero, 1 elsewhere; absent: nowhere.
 */
export function applyGru(params: NamedTensors, prefix: string, rows: Tensor, memory: Tensor, keep?: Tensor): Tensor {
  const inputs = GATES.map((gate) =>
    add(matMul(rows, params[`${prefix}/${gate}/input`]!), params[`${prefix}/${gate}/bias`]!),
  )
  const hidden = GATES.map((gate) => params[`${prefix}/${gate}/hidden`]!)
  return scan(inputs, hidden, params[`${prefix}/candidate/hiddenBias`]!, memory, keep)
}

type Save = (tensors: Tensor[]) => void
type Differentiable = (...inputs: Tensor[]) => Tensor
const PER_STEP = 5

/**
 * The recurrence, with its gradient written out: weights are collected over all steps in one product each, and a step is
 * half as many kernels as on a tape. `inputs` [T E, size] and `hidden` [size, size] per gate; `bias` is b_hn.
 */
function scan(inputs: Tensor[], hidden: Tensor[], bias: Tensor, memory: Tensor, keep: Tensor | undefined): Tensor {
  const episodes = memory.shape[0]!
  const steps = inputs[0]!.shape[0]! / episodes
  const keeps = keep && pieces(keep, steps)

  const differentiable = customGrad((...given) => {
    const save = given.pop() as unknown as Save
    const [resets, updates, candidates] = (given.slice(0, 3) as Tensor[]).map((rows) => pieces(rows, steps))
    const [wr, wz, wn, b] = given.slice(3) as Tensor[]
    const kept: Tensor[] = []
    const outputs: Tensor[] = []
    let h = memory
    for (let t = 0; t < steps; t++) {
      if (keeps) h = mul(h, keeps[t]!)
      const r = sigmoid(add(resets![t]!, matMul(h, wr!)))
      const z = sigmoid(add(updates![t]!, matMul(h, wz!)))
      const inner = add(matMul(h, wn!), b!)
      const n = tanh(add(candidates![t]!, mul(r, inner)))
      kept.push(h, r, z, inner, n)
      h = add(n, mul(z, sub(h, n)))
      outputs.push(h)
    }
    save([wr!, wz!, wn!, ...(keeps ?? []), ...kept])
    return { value: joined(outputs), gradFunc: backward as never }
  }) as unknown as Differentiable
  return differentiable(...inputs, ...hidden, bias)

  /**
   * What does not depend on later steps is reckoned for all steps at once, and all gates share a product: op by op on
   * TensorFlow.js every kernel costs more than its numbers do.
   */
  function backward(dy: Tensor, saved: Tensor[]): Tensor[] {
    const weights = concat(
      saved.slice(0, 3).map((w) => transpose(w)),
      0,
    )
    const masks = keeps && saved.slice(3, 3 + steps)
    const kept = saved.slice(3 + (masks?.length ?? 0))
    const zs = Array.from({ length: steps }, (_, t) => kept[t * PER_STEP + 2]!)
    const [h, r, z, inner, n] = Array.from({ length: PER_STEP }, (_, i) =>
      joined(Array.from({ length: steps }, (_, t) => kept[t * PER_STEP + i]!)),
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor]
    // By what each gate's sum changes the state that follows.
    const open = sub(1, z)
    const bySum = mul(open, sub(1, square(n)))
    const byInner = mul(bySum, r)
    const byReset = mul(mul(bySum, inner), mul(r, sub(1, r)))
    const byUpdate = mul(mul(sub(h, n), z), open)
    const slopes = pieces(concat([byReset, byUpdate, byInner], 1), steps)
    const dys = pieces(dy, steps)
    const dhs: Tensor[] = []
    let dh = dys[steps - 1]!
    for (let t = steps - 1; ; t--) {
      dhs.unshift(dh)
      if (t === 0) break
      const carried = add(mul(dh, zs[t]!), matMul(mul(concat([dh, dh, dh], 1), slopes[t]!), weights))
      dh = add(dys[t - 1]!, masks ? mul(carried, masks[t]!) : carried)
    }
    const all = joined(dhs)
    const [dReset, dUpdate, dSum, dInner] = [byReset, byUpdate, bySum, byInner].map((by) => mul(all, by))
    const states = transpose(h)
    const size = h.shape[1]!
    return [
      dReset!,
      dUpdate!,
      dSum!,
      matMul(states, dReset!),
      matMul(states, dUpdate!),
      matMul(states, dInner!),
      reshape(matMul(ones([1, h.shape[0]!]), dInner as Tensor2D), [size]),
    ]
  }
}

/** The rows of each step. */
function pieces(rows: Tensor, steps: number): Tensor[] {
  return steps === 1 ? [rows] : split(rows, steps, 0)
}

function joined(parts: Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : concat(parts, 0)
}
