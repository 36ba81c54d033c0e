/** Random TensorFlow.js functions for property tests: a chain of operations on a few values, and gradients of a loss. */
import { Pcg64 } from '@reprise/core'
import * as tf from '@tensorflow/tfjs-core'
import { type HostData, sizeOf, type TensorSpec } from '../graph.ts'

export interface RandomFunction {
  /** What was drawn, for messages. */
  readonly steps: readonly string[]
  readonly specs: Readonly<Record<string, TensorSpec>>
  readonly data: Readonly<Record<string, HostData>>
  call(inputs: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor>
}

type Step = (values: tf.Tensor[], ints: tf.Tensor[]) => void

/** `length` operations. Floats stay of order 1, so that rounding does not grow; int32 values grow and wrap. */
export function randomFunction(seed: number, length: number): RandomFunction {
  const random = new Pcg64(seed)
  const rows = 2 + random.integers(4)
  const columns = 2 + random.integers(5)
  const specs: Record<string, TensorSpec> = {
    x: { shape: [rows, columns], dtype: 'float32' },
    w: { shape: [columns, columns], dtype: 'float32' },
    b: { shape: [columns], dtype: 'float32' },
    n: { shape: [rows, columns], dtype: 'int32' },
  }
  const data: Record<string, HostData> = {}
  for (const [name, { shape, dtype }] of Object.entries(specs)) {
    const values = Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1))
    data[name] = dtype === 'int32' ? Int32Array.from(values, (v) => Math.round(4 * v)) : Float32Array.from(values)
  }
  const steps: Step[] = []
  const names: string[] = []
  for (let i = 0; i < length; i++) {
    const [name, step] = drawStep(random, rows, columns)
    names.push(name)
    steps.push(step)
  }
  const forward = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor, n: tf.Tensor): { value: tf.Tensor; ints: tf.Tensor } => {
    // All values have the shape of x: any two fit each other.
    const values = [x, tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), b))]
    const ints = [n]
    for (const step of steps) step(values, ints)
    // The layer too: every operand then has a gradient, whatever was drawn.
    return { value: tf.add(values.at(-1)!, values[1]!), ints: ints.at(-1)! }
  }
  return {
    steps: names,
    specs,
    data,
    call: ({ x, w, b, n }) => {
      const loss = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor): tf.Scalar => {
        const { value } = forward(x, w, b, n!)
        return tf.mean(tf.mul(value, tf.add(value, 0.5)))
      }
      const { value: mean, grads } = tf.valueAndGrads(loss as never)([x!, w!, b!])
      const { value, ints } = forward(x!, w!, b!, n!)
      return { mean, dx: grads[0]!, dw: grads[1]!, db: grads[2]!, value, ints }
    },
  }
}

type Unary = (x: tf.Tensor) => tf.Tensor
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

/** No maximum over an axis: saturated values tie, rounding decides between them, and the gradient jumps. */
const UNARY: Readonly<Record<string, Unary>> = {
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  relu: (x) => tf.relu(x),
  elu: (x) => tf.elu(x),
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
  square: (x) => tf.square(tf.tanh(x)),
  exp: (x) => tf.exp(tf.neg(tf.abs(x))),
  log: (x) => tf.log(tf.add(tf.square(x), 1)),
  sqrt: (x) => tf.sqrt(tf.add(tf.square(x), 0.5)),
  rsqrt: (x) => tf.rsqrt(tf.add(tf.square(x), 1)),
  softplus: (x) => tf.softplus(x),
  sin: (x) => tf.sin(x),
  cos: (x) => tf.cos(x),
  erf: (x) => tf.erf(x),
  softmax: (x) => tf.softmax(x as tf.Tensor2D),
  logSoftmax: (x) => tf.tanh(tf.logSoftmax(x)),
  clip: (x) => tf.clipByValue(x, -0.4, 0.6),
  normalise: (x) => tf.tanh(tf.sub(x, tf.mean(x, 1, true))),
  cumsum: (x) => tf.tanh(tf.cumsum(x, 1)),
  reverse: (x) => tf.reverse(x, 1),
  stopReshape: (x) => tf.reshape(tf.reverse(tf.reshape(x, [-1]), 0), x.shape),
}
const BINARY: Readonly<Record<string, Binary>> = {
  add: (a, b) => tf.mul(tf.add(a, b), 0.5),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  div: (a, b) => tf.div(a, tf.add(tf.square(b), 1)),
  maximum: (a, b) => tf.maximum(a, b),
  minimum: (a, b) => tf.minimum(a, b),
  squaredDifference: (a, b) => tf.tanh(tf.squaredDifference(a, b)),
  where: (a, b) => tf.where(tf.greaterEqual(a, 0.1), a, tf.mul(b, 0.5)),
  sumRows: (a, b) => tf.tanh(tf.add(a, tf.sum(b, 0))),
  product: (a, b) => {
    const inner = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, false, true)
    return tf.tanh(tf.matMul(inner, a as tf.Tensor2D, false, false))
  },
  joinHalves: (a, b) => {
    const [rows, columns] = a.shape as [number, number]
    const left = tf.slice(a as tf.Tensor2D, [0, 0], [rows, 1])
    return tf.concat([left, tf.slice(b as tf.Tensor2D, [0, 1], [rows, columns - 1])], 1)
  },
}
const INTEGER: Readonly<Record<string, Binary>> = {
  add: (a, b) => tf.add(a, b),
  mul: (a, b) => tf.mul(a, b),
  sub: (a, b) => tf.sub(a, b),
  maximum: (a, b) => tf.maximum(a, b),
  floorDiv: (a, b) => tf.floorDiv(a, tf.add(tf.mul(tf.sign(b), b), tf.scalar(1, 'int32'))),
  mod: (a, b) => tf.mod(a, tf.maximum(b, tf.scalar(3, 'int32'))),
  where: (a, b) => tf.where(tf.less(a, b), a, tf.reverse(b, 0)),
}

function drawStep(random: Pcg64, rows: number, columns: number): [name: string, step: Step] {
  const pick = <T>(from: Readonly<Record<string, T>>): [string, T] => {
    const entries = Object.entries(from)
    return entries[random.integers(entries.length)]!
  }
  // Recent values more often: deep graphs rather than wide ones.
  const place = (): ((values: readonly tf.Tensor[]) => tf.Tensor) => {
    const back = Math.min(random.integers(5), random.integers(12))
    return (values) => values[Math.max(0, values.length - 1 - back)]!
  }
  const [a, b] = [place(), place()]
  const kind = random.integers(10)
  if (kind < 5) {
    const [name, fn] = pick(UNARY)
    return [name, (values) => values.push(fn(a(values)))]
  }
  if (kind < 8) {
    const [name, fn] = pick(BINARY)
    return [name, (values) => values.push(fn(a(values), b(values)))]
  }
  if (kind < 9) {
    const [name, fn] = pick(INTEGER)
    return [`int ${name}`, (_, ints) => ints.push(fn(a(ints), b(ints)))]
  }
  const rowsPicked = Int32Array.from({ length: rows }, () => random.integers(rows))
  return [
    'gather',
    (values, ints) => {
      values.push(tf.gather(a(values), tf.tensor1d(rowsPicked.slice(), 'int32')))
      // Of given values only: rounding may decide between computed ones.
      const places = tf.add(tf.argMax(values[0]!, 1), tf.argMin(b(ints), 1))
      ints.push(tf.add(ints.at(-1)!, tf.tile(tf.reshape(places, [rows, 1]), [1, columns])))
    },
  ]
}
