/** Tests of @reprise/nn that need a backend lie here: nn itself depends on none. */
import { registerGradients, valueAndGradient } from '@reprise/nn'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectGradient } from '../testing/finite-difference.ts'
import { loadBackend } from '../tfjs-backends.ts'

type Fn = (x: tf.Tensor) => tf.Tensor

const other = () => tf.tensor2d([0.3, -0.7, 1.1, 0.9, -0.4, 0.6], [2, 3])
const row = () => tf.tensor1d([0.5, -0.25, 1.5])
/** Every kernel with a gradient, as a function of x [2, 3]; `positive` for those defined there only. */
const functions: Record<string, Fn> = {
  add: (x) => tf.add(x, row()),
  'add, broadcast': (x) => tf.add(tf.slice2d(x as tf.Tensor2D, [0, 0], [1, 3]), other()),
  sub: (x) => tf.sub(other(), x),
  mul: (x) => tf.mul(x, other()),
  'mul, broadcast over rows': (x) => tf.mul(tf.reshape(tf.slice2d(x as tf.Tensor2D, [0, 0], [1, 3]), [3]), other()),
  'mul by itself': (x) => tf.mul(x, x),
  div: (x) => tf.div(x, other()),
  'div, below': (x) => tf.div(other(), tf.add(tf.square(x), 1)),
  squaredDifference: (x) => tf.squaredDifference(x, other()),
  maximum: (x) => tf.maximum(x, other()),
  minimum: (x) => tf.minimum(other(), x),
  where: (x) => tf.where(tf.greater(other(), 0), tf.mul(x, 2), tf.mul(x, 3)),
  exp: tf.exp,
  expm1: tf.expm1,
  log: (x) => tf.log(tf.add(tf.square(x), 0.5)),
  log1p: (x) => tf.log1p(tf.square(x)),
  sqrt: (x) => tf.sqrt(tf.add(tf.square(x), 0.5)),
  rsqrt: (x) => tf.rsqrt(tf.add(tf.square(x), 0.5)),
  reciprocal: (x) => tf.reciprocal(tf.add(x, 3)),
  neg: tf.neg,
  abs: tf.abs,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  relu: tf.relu,
  elu: tf.elu,
  sin: tf.sin,
  cos: tf.cos,
  square: tf.square,
  clipByValue: (x) => tf.clipByValue(x, -0.45, 0.85),
  sum: (x) => tf.sum(x),
  'sum, axis': (x) => tf.sum(x, 1),
  mean: (x) => tf.mean(x, 0),
  max: (x) => tf.max(x, 1),
  min: (x) => tf.min(x, 0),
  cumsum: (x) => tf.cumsum(x, 1),
  'cumsum, exclusive and reverse': (x) => tf.cumsum(x, 0, true, true),
  softmax: (x) => tf.softmax(x),
  reshape: (x) => tf.mul(tf.reshape(x, [3, 2]), tf.reshape(other(), [3, 2])),
  expandDims: (x) => tf.mul(tf.expandDims(x, 1), 2),
  transpose: (x) => tf.mul(tf.transpose(x), tf.transpose(other())),
  concat: (x) => tf.concat([x, other(), tf.mul(x, 2)] as tf.Tensor2D[], 1),
  split: (x) => tf.mul(tf.split(x, [1, 2], 1)[1]!, 3),
  stack: (x) => tf.stack([x, tf.mul(x, 2)], 1),
  unstack: (x) => tf.mul(tf.unstack(x, 1)[1]!, 2),
  slice: (x) => tf.slice2d(x as tf.Tensor2D, [0, 1], [2, 2]),
  tile: (x) => tf.mul(tf.tile(x, [2, 3]), tf.tile(other(), [2, 3])),
  addN: (x) => tf.addN([x, x, other()]),
  cast: (x) => tf.cast(x, 'float32'),
  clone: (x) => tf.clone(x),
  matMul: (x) => tf.matMul(x as tf.Tensor2D, tf.transpose(other()) as tf.Tensor2D),
  'matMul, right': (x) => tf.matMul(tf.transpose(other()) as tf.Tensor2D, x as tf.Tensor2D),
  'matMul, transposed by attribute': (x) => tf.matMul(x as tf.Tensor2D, other() as tf.Tensor2D, true, false),
  'matMul, right transposed': (x) => tf.matMul(other() as tf.Tensor2D, x as tf.Tensor2D, false, true),
  'matMul, both transposed': (x) => tf.matMul(tf.transpose(other()) as tf.Tensor2D, x as tf.Tensor2D, true, true),
  'matMul, batched': (x) => tf.matMul(tf.reshape(x, [2, 1, 3]), tf.reshape(other(), [2, 3, 1])),
}

describe.each(['cpu', 'wasm'] as const)('gradients on %s', (backend) => {
  beforeAll(() => loadBackend(backend))

  it.each(Object.entries(functions))('%s', (_, fn) => {
    // No element near a kink of abs, relu, max or clip.
    expectGradient((x) => fn(tf.reshape(x, [2, 3])), [0.2, -0.8, 0.6, -0.3, 1.2, 0.4])
  })
})

describe('valueAndGradient', () => {
  beforeAll(() => loadBackend('cpu'))

  it('gives what the loss computed on its way, and leaves nothing behind', () => {
    const x = tf.tensor1d([1, 2, 3])
    registerGradients()
    const before = tf.memory().numTensors
    tf.tidy(() => {
      const { loss, gradient, aux } = valueAndGradient(x, (v) => {
        const squares = tf.square(v)
        return { loss: tf.sum(squares), aux: { squares } }
      })
      expect(loss.dataSync()[0]).toBe(14)
      expect(Array.from(gradient.dataSync())).toEqual([2, 4, 6])
      expect(Array.from(aux.squares.dataSync())).toEqual([1, 4, 9])
    })
    expect(tf.memory().numTensors).toBe(before)
    x.dispose()
  })
})
