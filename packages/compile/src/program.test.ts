import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { explain } from './explain.ts'
import { jit } from './jit.ts'
import { compile } from './program.ts'
import { registerTfjsGradients } from './testing/tfjs-gradients.ts'
import { type SpecTree, spec, type TensorTree } from './tree.ts'
import type { CompileWarning } from './warn.ts'

beforeAll(async () => {
  await registerTfjsGradients()
  await tf.setBackend('cpu')
})

interface Line {
  readonly w: tf.Tensor
  readonly steps: tf.Tensor
}

/** Least squares by gradient descent on a vector w [2]. */
function lineProgram(target: string) {
  return compile({
    target,
    state: { w: tf.tensor1d([1, -1]), steps: spec([], 'int32') },
    functions: {
      predict: {
        inputs: { x: spec([3, 2]) },
        fn: (state: Line, { x }) => ({ y: tf.sum(tf.mul(x, state.w), 1) }),
      },
      update: {
        inputs: { batch: { x: spec([2, 2]), y: spec([2]) }, noise: { e: spec([2]) }, schedule: { rate: spec([]) } },
        fn: (state: Line, { batch, noise, schedule }) => {
          const loss = (w: tf.Tensor): tf.Scalar =>
            tf.mean(tf.square(tf.sub(tf.sum(tf.mul(batch.x, w), 1), tf.add(batch.y, noise.e))))
          const { value, grad } = tf.valueAndGrad(loss)(state.w)
          const w = tf.sub(state.w, tf.mul(grad, schedule.rate))
          return { state: { w, steps: tf.add(state.steps, tf.scalar(1, 'int32')) }, metrics: { loss: value } }
        },
      },
    },
  })
}

describe.each(['interpreter', 'eager', 'onnx', 'wasm'])('a program on %s', (target) => {
  it('shares state between functions, and saves and loads it', async () => {
    const program = lineProgram(target)
    expect(program.target).toBe(target)
    program.predict.inputs.x.set([1, 0, 0, 1, 2, 2])
    const before = await program.predict<{ y: Float32Array }>()
    expect(Array.from(before.y)).toEqual([1, -1, 0])
    const { inputs } = program.update
    inputs.batch.x.set([1, 0, 0, 1])
    inputs.batch.y.set([3, 3])
    inputs.schedule.rate[0] = 0.5
    const { metrics } = await program.update<{ metrics: { loss: Float32Array } }>()
    expect(metrics.loss[0]).toBeCloseTo((4 + 16) / 2, 5)
    const saved = await program.save()
    expect(Array.from(saved['w']!.data)).toEqual([2, 1])
    expect(Array.from(saved['steps']!.data)).toEqual([1])
    await program.update()
    await program.load(saved)
    const after = await program.predict<{ y: Float32Array }>()
    expect(Array.from(after.y)).toEqual([2, 1, 6])
    expect(() => program.load({ w: saved['w']! })).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
    program.dispose()
    expect(() => program.predict()).toThrow(expect.objectContaining({ code: 'RPR_COMPILE_DISPOSED' }))
  })

  it('runs k steps in one call as it runs them one by one', async () => {
    const [together, apart] = [lineProgram(target), lineProgram(target)]
    const columns = { x: Float32Array.from([1, 0, 0, 1, 1, 1, 2, -1]), y: Float32Array.from([1, 2, 3, 4]) }
    const indices = Int32Array.from([0, 3, 2, 2, 1, 0])
    const noise = { e: Float32Array.from([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) }
    const rate = Float32Array.from([0.1, 0.05, 0.01])
    const { metrics } = await together.updates({ columns, indices, noise, schedule: { rate } })
    const losses: number[] = []
    for (let step = 0; step < 3; step++) {
      const { inputs } = apart.update
      for (let i = 0; i < 2; i++) {
        const row = indices[step * 2 + i]!
        inputs.batch.x.set(columns.x.subarray(row * 2, row * 2 + 2), i * 2)
        inputs.batch.y[i] = columns.y[row]!
        inputs.noise.e[i] = noise.e[step * 2 + i]!
      }
      inputs.schedule.rate[0] = rate[step]!
      losses.push((await apart.update<{ metrics: { loss: Float32Array } }>()).metrics.loss[0]!)
    }
    expect(Array.from(metrics['loss']!)).toEqual(losses)
    expect(await together.save()).toEqual(await apart.save())
    await expect(async () => together.updates({ columns: {}, indices })).rejects.toThrow(/columns needs 'x'/)
  })

  it('takes other shapes on the same state', async () => {
    const program = lineProgram(target)
    const one = program.predict.at({ x: spec([1, 2]) })
    expect(program.predict.at({ x: spec([1, 2]) })).toBe(one)
    expect(program.predict.at({ x: spec([3, 2]) })).toBe(program.predict)
    one.inputs.x.set([5, 1])
    expect(Array.from((await one<{ y: Float32Array }>()).y)).toEqual([4])
  })
})

const TARGETS = ['interpreter', 'eager', 'onnx', 'wasm']
const PAIRS = TARGETS.flatMap((from) => TARGETS.filter((to) => to !== from).map((to) => [from, to] as const))

describe('a saved state', () => {
  it.each(PAIRS)('of %s is loaded by %s, which goes on from there', async (from, to) => {
    const [a, b] = [lineProgram(from), lineProgram(to)]
    const write = ({ update: { inputs } }: typeof a): void => {
      inputs.batch.x.set([1, 0.5, -0.25, 1])
      inputs.batch.y.set([3, 2])
      inputs.schedule.rate[0] = 0.1
    }
    write(a)
    write(b)
    await a.update()
    await b.load(await a.save())
    const [expected, got] = await Promise.all(
      [a, b].map(async (program) => {
        await program.update()
        return program.save()
      }),
    )
    expect(got!['steps']).toEqual(expected!['steps'])
    for (let i = 0; i < 2; i++) expect(got!['w']!.data[i]).toBeCloseTo(expected!['w']!.data[i]!, 6)
    for (const program of [a, b]) program.dispose()
  })
})

describe.each(TARGETS)('views and aliases on %s', (target) => {
  interface Pair {
    readonly a: tf.Tensor
    readonly b: tf.Tensor
  }
  it('read every old value before any new one is stored', async () => {
    const program = compile({
      target,
      state: { a: tf.tensor1d([1, 2]), b: tf.tensor1d([3, 4]) },
      functions: {
        swap: {
          inputs: { x: spec([2]) },
          fn: (state: Pair, { x }) => ({
            state: { a: state.b, b: tf.add(state.a, x) },
            old: state.a,
            same: x,
            again: state.a,
            view: tf.reshape(state.b, [2, 1]),
          }),
        },
      },
    })
    program.swap.inputs.x.set([10, 20])
    const out = await program.swap<Record<'old' | 'same' | 'again' | 'view', Float32Array>>()
    const host = Object.fromEntries(Object.entries(out).map(([name, value]) => [name, Array.from(value)]))
    expect(host).toEqual({ old: [1, 2], same: [10, 20], again: [1, 2], view: [3, 4] })
    const saved = await program.save()
    expect([Array.from(saved['a']!.data), Array.from(saved['b']!.data)]).toEqual([
      [3, 4],
      [11, 22],
    ])
    program.dispose()
  })
})

describe('a program', () => {
  it('refuses reserved names', () => {
    const neg = { inputs: { x: spec([1]) }, fn: (_: never, { x }: { x: tf.Tensor }) => tf.neg(x) }
    expect(() => compile({ functions: { save: neg } })).toThrow(/cannot be called 'save'/)
  })

  it('refuses a next state of another shape', () => {
    const grow = {
      inputs: { x: spec([1]) },
      fn: (_: never, { x }: { x: tf.Tensor }) => ({ state: { s: tf.tile(x, [2]) } }),
    }
    expect(() => compile({ state: { s: spec([1]) }, functions: { grow } })).toThrow(/float32 \[2\] for the state 's'/)
  })
})

describe('jit', () => {
  it('takes and gives tensors and numbers', async () => {
    const f = jit((x: { a: tf.Tensor }, by: number) => [tf.mul(x.a, by), tf.sum(x.a)], { target: 'interpreter' })
    for (const by of [2, 3]) {
      const [scaled, sum] = await f({ a: tf.tensor1d([1, 2]) }, by)
      expect(Array.from(scaled!.dataSync())).toEqual([by, 2 * by])
      expect(sum!.shape).toEqual([])
    }
    const [wide] = await f({ a: tf.ones([2, 2]) }, 5)
    expect(wide!.shape).toEqual([2, 2])
    expect(explain(f)).toContain('target: interpreter')
  })

  it('carries an argument, and starts anew from other tensors', async () => {
    const step = jit(
      (state: { n: tf.Tensor }, x: tf.Tensor) => ({ state: { n: tf.add(state.n, x) }, double: tf.mul(state.n, 2) }),
      { carry: { 0: 'state' }, target: 'interpreter' },
    )
    let { state } = await step({ n: tf.scalar(1) }, tf.scalar(10))
    const next = await step(state, tf.scalar(100))
    expect(next.double.dataSync()[0]).toBe(22)
    expect((await step.save())['state/n']!.data[0]).toBe(111)
    state = next.state
    const again = await step({ n: tf.scalar(5) }, tf.scalar(1))
    expect(again.double.dataSync()[0]).toBe(10)
    expect((await step.save())['state/n']!.data[0]).toBe(6)
  })

  it('is recorded along inside another compiled function', async () => {
    const inner = jit((x: tf.Tensor) => tf.square(x))
    const outer = jit((x: tf.Tensor) => tf.add(inner(x) as tf.Tensor, 1), { target: 'interpreter' })
    expect((await outer(tf.scalar(3))).dataSync()[0]).toBe(10)
    expect(inner.target).toBeUndefined()
  })

  it('warns of many specialisations, naming the argument that varies', async () => {
    const warnings: CompileWarning[] = []
    const f = jit((x: tf.Tensor, y: tf.Tensor) => tf.add(tf.sum(x), y), {
      target: 'interpreter',
      warn: (warning) => warnings.push(warning),
    })
    for (let n = 1; n <= 10; n++) await f(tf.ones([n]), tf.scalar(1))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]!.code).toBe('RPR_COMPILE_SPECIALISATIONS')
    expect(warnings[0]!.message).toMatch(/varies: '0' \(/)
  })

  it('falls back to eager where a kernel does not compile, once said, unless strict', async () => {
    const warnings: CompileWarning[] = []
    const top = (x: tf.Tensor) => tf.topk(x, 1).values
    const f = jit(top, { warn: (warning) => warnings.push(warning) })
    expect((await f(tf.tensor1d([1, 3, 2]))).dataSync()[0]).toBe(3)
    expect((await f(tf.tensor1d([1, 3, 4]))).dataSync()[0]).toBe(4)
    expect(f.target).toBe('eager')
    expect(warnings.map(({ code }) => code)).toEqual(['RPR_COMPILE_FALLBACK'])
    expect(warnings[0]!.message).toContain("'TopK'")
    expect(() => jit(top, { strict: true })(tf.tensor1d([1]))).toThrow(/'TopK'/)
  })

  it.each([
    ['async', async (x: tf.Tensor) => tf.neg(x), 'RPR_COMPILE_ASYNC'],
    ['a number returned', (x: tf.Tensor) => ({ x: tf.neg(x), n: 3 }), 'RPR_COMPILE_OUTPUT'],
  ])('refuses %s', (_, fn, code) => {
    expect(() => jit(fn as (x: tf.Tensor) => unknown)(tf.scalar(1))).toThrow(expect.objectContaining({ code }))
  })

  it('refuses unknown targets', () => {
    const f = jit((x: tf.Tensor) => tf.neg(x), { target: 'intepreter' })
    expect(() => f(tf.scalar(1))).toThrow(/Did you mean 'interpreter'/)
  })
})

describe('explain', () => {
  it('prints a function before and after, its costs, and the target', () => {
    const layer = (x: TensorTree, w: TensorTree): tf.Tensor =>
      tf.relu(tf.matMul(tf.mul(x as tf.Tensor2D, 1), w as tf.Tensor2D))
    const args: SpecTree[] = [spec([8, 4]), spec([4, 2])]
    const text = explain(layer, args, { target: 'interpreter' })
    expect(text).toMatch(/== layer: \d+ nodes recorded, 5 after the passes/)
    expect(text).toContain('matmul(%0, %1) : float32 [8, 2]  # 128 FLOP')
  })
})
