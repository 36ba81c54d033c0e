import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { HostData, TensorSpec } from '../graph.ts'
import { evaluate } from '../interpreter/evaluate.ts'
import { printGraph } from '../print-graph.ts'
import { registerTfjsGradients } from '../testing/tfjs-gradients.ts'
import { validate } from '../validate.ts'
import { record } from './record.ts'

const f32 = (...shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })

beforeAll(async () => {
  await registerTfjsGradients()
  await tf.setBackend('cpu')
})

describe('a recording', () => {
  it('holds the gradient of an MLP that eager computes', () => {
    const loss = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor): tf.Scalar =>
      tf.mean(tf.square(tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), b))))
    const gradients = tf.grads(loss as never)
    const graph = record('loss', ({ input }) => {
      const [x, w, b] = [input('x', f32(5, 3)), input('w', f32(3, 4)), input('b', f32(4))]
      const [dx, dw, db] = gradients([x, w, b])
      return { outputs: { loss: loss(x, w, b), dx: dx!, dw: dw!, db: db! } }
    })
    validate(graph)
    const args = { x: tf.randomUniform([5, 3], -1, 1), w: tf.randomUniform([3, 4], -1, 1), b: tf.randomUniform([4]) }
    const host = Object.fromEntries(Object.entries(args).map(([k, t]) => [k, t.dataSync() as HostData]))
    const { outputs } = evaluate(graph, host)
    const eager = gradients([args.x, args.w, args.b])
    expect(Array.from(outputs['loss']!)).toBeCloseToAll(loss(args.x, args.w, args.b))
    for (const [i, name] of ['dx', 'dw', 'db'].entries()) expect(Array.from(outputs[name]!)).toBeCloseToAll(eager[i]!)
    expect(printGraph(graph)).toContain('matmul')
  })

  it('may return what TensorFlow.js disposes of: values made inside a loss or tidy', () => {
    const graph = record('f', ({ input }) => {
      let entropy: tf.Tensor | undefined
      let penalty: tf.Tensor | undefined
      const { value, grad } = tf.valueAndGrad((w: tf.Tensor) => {
        entropy = tf.sum(tf.exp(w))
        penalty = tf.tidy(() => tf.mul(entropy!, 2))
        return tf.add(tf.mean(tf.square(w)), penalty)
      })(input('w', f32(2)))
      return { outputs: { value, grad, entropy: entropy!, penalty: penalty! } }
    })
    const { outputs } = evaluate(graph, { w: Float32Array.of(0, 1) })
    expect(outputs['entropy']![0]).toBeCloseTo(1 + Math.E, 5)
    expect(outputs['penalty']![0]).toBeCloseTo(2 + 2 * Math.E, 5)
    expect(outputs['value']![0]).toBeCloseTo(0.5 + 2 + 2 * Math.E, 5)
  })

  it('leaves the engine as it was, also after an error', () => {
    const before = { ...tf.memory(), backend: tf.getBackend() }
    const random = Math.random
    record('fine', ({ input }) => ({ outputs: { y: tf.tidy(() => tf.neg(tf.add(input('x', f32(2)), 1))) } }))
    expect(() =>
      record('broken', ({ input }) => {
        tf.tidy(() => tf.keep(tf.neg(input('x', f32(2)))).dataSync())
        return { outputs: {} }
      }),
    ).toThrow()
    expect({ ...tf.memory(), backend: tf.getBackend() }).toEqual(before)
    expect(Math.random).toBe(random)
    expect(tf.add(1, 2).dataSync()[0]).toBe(3)
  })
})

describe('refusals', () => {
  const kept = tf.tensor1d([1, 2])
  const variable = tf.variable(tf.scalar(3), false, 'rate')
  const recordWith = (body: (x: tf.Tensor) => tf.Tensor): (() => unknown) => {
    return () => record('f', ({ input }) => ({ outputs: { y: body(input('x', f32(2))) } }))
  }
  const assign = (x: tf.Tensor): tf.Tensor => {
    variable.assign(tf.sum(x))
    return x
  }
  const constant = (): tf.Tensor => tf.scalar(1)
  const drop = (): tf.Tensor => tf.randomNormal([2], 0, 1, 'float32', 7)

  it.each([
    ['a captured tensor', (x: tf.Tensor) => tf.add(x, kept), 'RPR_COMPILE_CAPTURED', /tensor \d+ \(float32 \[2\]\)/],
    ['a captured variable', (x: tf.Tensor) => tf.mul(x, variable), 'RPR_COMPILE_CAPTURED', /variable 'rate'/],
    ['a captured result', () => kept, 'RPR_COMPILE_CAPTURED', /existed before/],
    ['a read', (x: tf.Tensor) => tf.scalar(x.dataSync()[0]!), 'RPR_COMPILE_VALUE_READ', /record\.test\.ts:\d+/],
    ['a captured read', () => tf.scalar(kept.dataSync()[0]!), 'RPR_COMPILE_VALUE_READ', /tf\.where/],
    ['arithmetic', (x: tf.Tensor) => tf.mul(x, 1 - (x as never)), 'RPR_COMPILE_VALUE_READ', /record\.test\.ts:\d+/],
    ['a branch', (x: tf.Tensor) => ((x as never) > 0 ? x : tf.neg(x)), 'RPR_COMPILE_VALUE_READ', /instead of if/],
    ['random numbers', (x: tf.Tensor) => tf.add(x, tf.randomUniform([2])), 'RPR_COMPILE_RANDOM', /Math\.random/],
    ['seeded random numbers', (x: tf.Tensor) => tf.add(x, drop()), 'RPR_COMPILE_RANDOM', /drop \(record\.test\.ts/],
    ['an assignment', assign, 'RPR_COMPILE_VARIABLE', /'rate'/],
    ['a new variable', (x: tf.Tensor) => tf.variable(x), 'RPR_COMPILE_VARIABLE', /created a variable/],
    ['a constant result', constant, 'RPR_COMPILE_CONSTANT_OUTPUT', /'y', .* constant \(record\.test\.ts:\d+\) would/],
    [
      'a result of constants',
      () => tf.neg(tf.range(0, 2)),
      'RPR_COMPILE_CONSTANT_OUTPUT',
      /record\.test\.ts:\d+ would/,
    ],
    ['an unknown kernel', (x: tf.Tensor) => tf.topk(x).values, 'RPR_COMPILE_UNSUPPORTED', /'TopK'/],
  ])('%s', (_, body, code, message) => {
    expect(recordWith(body)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
    expect(variable.dataSync()[0]).toBe(3)
  })
})

expect.extend({
  toBeCloseToAll(received: number[], expected: tf.Tensor) {
    const wanted = Array.from(expected.dataSync())
    const pass = received.length === wanted.length && received.every((v, i) => Math.abs(v - wanted[i]!) < 1e-6)
    return { pass, message: () => `${received} is not ${wanted}` }
  },
})

declare module 'vitest' {
  interface Matchers<T> {
    toBeCloseToAll(expected: tf.Tensor): T
  }
}
