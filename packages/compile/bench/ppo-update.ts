/**
 * The workload of the project's compiler figures: one PPO update of a shared two-layer tanh network (4 -> H -> H, heads 2
 * and 1): clipped surrogate, value and entropy losses, gradient, Adam. Parameters as one flat vector, or one by one.
 */
import * as tf from '@tensorflow/tfjs-core'
import { spec } from '../src/tree.ts'

export interface PpoOptions {
  readonly hidden: number
  readonly batch: number
  readonly flat: boolean
}

function shapesOf(hidden: number): Record<string, number[]> {
  return {
    w1: [4, hidden],
    b1: [hidden],
    w2: [hidden, hidden],
    b2: [hidden],
    wp: [hidden, 2],
    bp: [2],
    wv: [hidden, 1],
    bv: [1],
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

type Parameters = Record<string, tf.Tensor>

function lossOf(p: Parameters, batch: Record<string, tf.Tensor>): tf.Scalar {
  const h1 = tf.tanh(tf.add(tf.matMul(batch['obs'] as tf.Tensor2D, p['w1'] as tf.Tensor2D), p['b1']!))
  const h2 = tf.tanh(tf.add(tf.matMul(h1 as tf.Tensor2D, p['w2'] as tf.Tensor2D), p['b2']!))
  const logits = tf.add(tf.matMul(h2 as tf.Tensor2D, p['wp'] as tf.Tensor2D), p['bp']!)
  const value = tf.squeeze(tf.add(tf.matMul(h2 as tf.Tensor2D, p['wv'] as tf.Tensor2D), p['bv']!), [1])
  const logAll = tf.logSoftmax(logits)
  const chosen = tf.sum(tf.mul(logAll, tf.oneHot(batch['action'] as tf.Tensor1D, 2)), 1)
  const ratio = tf.exp(tf.sub(chosen, batch['logProb']!))
  const advantage = batch['advantage']!
  const clipped = tf.mul(tf.clipByValue(ratio, 0.8, 1.2), advantage)
  const policy = tf.neg(tf.mean(tf.minimum(tf.mul(ratio, advantage), clipped)))
  const error = tf.mean(tf.square(tf.sub(value, batch['target']!)))
  const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logAll), logAll), 1))) as tf.Scalar
  return tf.sub(tf.add(policy, tf.mul(error, 0.5)), tf.mul(entropy, 0.01)) as tf.Scalar
}

function adam(p: tf.Tensor, g: tf.Tensor, m: tf.Tensor, v: tf.Tensor, t: tf.Tensor, rate: tf.Tensor) {
  const m2 = tf.add(tf.mul(m, 0.9), tf.mul(g, 0.1))
  const v2 = tf.add(tf.mul(v, 0.999), tf.mul(tf.square(g), 0.001))
  const correctedRate = tf.div(rate, tf.sub(1, tf.pow(tf.scalar(0.9), t)))
  const root = tf.sqrt(tf.sub(1, tf.pow(tf.scalar(0.999), t)))
  const step = tf.div(tf.mul(correctedRate, m2), tf.add(tf.div(tf.sqrt(v2), root), 1e-8))
  return { p: tf.sub(p, step), m: m2, v: v2 }
}

export function ppoProgram({ hidden, batch, flat }: PpoOptions) {
  const shapes = shapesOf(hidden)
  const total = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0)
  const values = tf.mul(tf.randomUniform([total], -1, 1, 'float32', 7), 0.2)
  const unflatten = (vector: tf.Tensor): Parameters => {
    const parts = tf.split(vector as tf.Tensor1D, Object.values(shapes).map(sizeOf))
    return Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, tf.reshape(parts[i]!, shape)]))
  }
  const zeros = (like: tf.Tensor | Parameters) =>
    like instanceof tf.Tensor
      ? tf.zerosLike(like)
      : Object.fromEntries(Object.entries(like).map(([name, x]) => [name, tf.zerosLike(x)]))
  const p = flat ? values : unflatten(values)
  const state = { p, m: zeros(p), v: zeros(p), t: tf.scalar(0) }
  const columns = {
    obs: spec([batch, 4]),
    action: spec([batch], 'int32'),
    logProb: spec([batch]),
    advantage: spec([batch]),
    target: spec([batch]),
  }
  const update = (old: typeof state, inputs: { batch: Record<string, tf.Tensor>; schedule: { rate: tf.Tensor } }) => {
    const t = tf.add(old.t, 1)
    const { rate } = inputs.schedule
    if (old.p instanceof tf.Tensor) {
      const loss = (vector: tf.Tensor): tf.Scalar => lossOf(unflatten(vector), inputs.batch)
      const { value, grad } = tf.valueAndGrad(loss)(old.p)
      const next = adam(old.p, grad, old.m as tf.Tensor, old.v as tf.Tensor, t, rate)
      return { state: { ...next, t }, metrics: { loss: value } }
    }
    const names = Object.keys(shapes)
    const parameters = old.p as Parameters
    const loss = (...list: tf.Tensor[]): tf.Scalar =>
      lossOf(Object.fromEntries(names.map((name, i) => [name, list[i]!])), inputs.batch)
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => parameters[name]!))
    const next = { p: {} as Parameters, m: {} as Parameters, v: {} as Parameters }
    names.forEach((name, i) => {
      const m = (old.m as Parameters)[name]!
      const made = adam(parameters[name]!, grads[i]!, m, (old.v as Parameters)[name]!, t, rate)
      next.p[name] = made.p
      next.m[name] = made.m
      next.v[name] = made.v
    })
    return { state: { ...next, t }, metrics: { loss: value } }
  }
  return { state, update, inputs: { batch: columns, schedule: { rate: spec([]) } } }
}
