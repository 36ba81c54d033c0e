import '@tensorflow/tfjs-backend-cpu'
import { RepriseError } from '@reprise/core'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { explain } from './explain.ts'
import { interpreterTarget } from './interpreter/target.ts'
import { jit } from './jit.ts'
import { compile } from './program.ts'
import type { BuiltProgram, FunctionRequest, Target } from './target.ts'
import { registerTarget, targetNamed } from './target-registry.ts'
import { spec } from './tree.ts'
import type { CompileWarning } from './warn.ts'

beforeAll(() => tf.setBackend('cpu'))

const isBig = ({ inputs }: FunctionRequest): boolean => Object.values(inputs).some(({ shape }) => (shape[0] ?? 0) > 4)

interface Flaw {
  /** Builds and adds with a promise. */
  readonly slow?: boolean
  /** What fails: building anything, or adding functions of more than four rows, with or without having said so. */
  readonly at: 'build' | 'add' | 'supports'
  readonly error?: Error
}

/** The interpreter under another name, failing. */
function flawed(name: string, { slow = false, at, error = new Error('the emitter is broken') }: Flaw): Target {
  const refuse = <T>(): T | Promise<T> => {
    if (!slow) throw error
    return Promise.reject(error)
  }
  return {
    name,
    supports: ({ functions }) =>
      at === 'supports' && Object.values(functions).some(isBig) ? { reason: 'it takes four rows' } : undefined,
    build: (request) => {
      if (at === 'build') return refuse<BuiltProgram>()
      const built = interpreterTarget.build(request) as BuiltProgram
      const add: BuiltProgram['add'] = (fn) => (at === 'add' && isBig(fn) ? refuse() : later(slow, built.add(fn)))
      return later(slow, { ...built, add })
    },
  }
}

function later<T>(slow: boolean, value: T | Promise<T>): T | Promise<T> {
  return slow ? new Promise((resolve) => setTimeout(() => resolve(value), 5)) : value
}

/** With other targets under the names that 'auto' tries. */
async function withTargets<T>(targets: readonly Target[], body: () => Promise<T>): Promise<T> {
  const before = targets.map(({ name }) => targetNamed(name))
  for (const target of targets) registerTarget(target)
  try {
    return await body()
  } finally {
    for (const target of before) registerTarget(target)
  }
}

function counter(options: { strict?: boolean; target?: string } = {}) {
  const warnings: CompileWarning[] = []
  const program = compile({
    ...options,
    warn: (warning) => warnings.push(warning),
    state: { n: tf.scalar(0) },
    functions: {
      count: {
        inputs: { x: spec([2]) },
        fn: ({ n }: { n: tf.Tensor }, { x }) => ({ state: { n: tf.add(n, tf.sum(x)) }, double: tf.mul(x, 2) }),
      },
    },
  })
  return { program, warnings }
}

const FLAWS: [string, Flaw][] = [
  ['a build that throws', { at: 'build' }],
  ['a build that rejects', { at: 'build', slow: true }],
]
const LATER: [string, Flaw][] = [
  ['is refused', { at: 'supports' }],
  ['throws', { at: 'add' }],
  ['rejects', { at: 'add', slow: true }],
  ['is refused by a slow target', { at: 'supports', slow: true }],
]

describe.each(FLAWS)('%s', (_, flaw) => {
  it('moves the program to the next target, said once and recorded', () =>
    withTargets([flawed('wasm', flaw)], async () => {
      const { program, warnings } = counter()
      const { x } = program.count.inputs
      x.set([1, 2])
      const { double } = await program.count<{ double: Float32Array }>()
      expect(Array.from(double)).toEqual([2, 4])
      expect(program.count.inputs.x).toBe(x)
      expect(program.target).toBe('onnx')
      expect(program.moves).toEqual([{ from: 'wasm', to: 'onnx', reason: 'the emitter is broken' }])
      expect(program.reason).toMatch(/wasm is faster\. Moved from wasm to onnx: the emitter is broken/)
      expect(explain(program)).toContain('target: onnx')
      await program.count()
      expect((await program.save())['n']!.data[0]).toBe(6)
      expect(warnings).toEqual([
        { code: 'RPR_COMPILE_FALLBACK', message: expect.stringContaining('emitter is broken') },
      ])
    }))

  it('goes on to eager where the next one fails too', () =>
    withTargets([flawed('wasm', flaw), flawed('onnx', { at: 'build', slow: true })], async () => {
      const { program, warnings } = counter()
      program.count.inputs.x.set([1, 2])
      await program.count()
      expect(program.moves.map(({ to }) => to)).toEqual(['onnx', 'eager'])
      expect(program.target).toBe('eager')
      expect((await program.save())['n']!.data[0]).toBe(3)
      expect(warnings).toHaveLength(2)
    }))

  it.each([{ strict: true }, { target: 'wasm' }])('is an error with %o', (options) =>
    withTargets([flawed('wasm', flaw)], async () => {
      const call = async () => counter(options).program.count()
      await expect(call).rejects.toThrow('the emitter is broken')
    }),
  )

  it('is not passed over where the function itself is wrong', () =>
    withTargets([flawed('wasm', { ...flaw, error: new RepriseError('RPR_COMPILE_INPUT', 'yours') })], async () => {
      await expect(async () => counter().program.count()).rejects.toThrow('yours')
    }))
})

describe.each(LATER)('another shape that %s', (_, flaw) => {
  it('moves the program with its state; old functions and input arrays go on working', () =>
    withTargets([flawed('wasm', flaw)], async () => {
      const { program, warnings } = counter()
      const { x } = program.count.inputs
      x.set([1, 2])
      await program.count()
      const small = program.count.at({ x: spec([3]) })
      expect(program.moves).toEqual([])
      const pending = program.count()
      const big = program.count.at({ x: spec([5]) })
      big.inputs.x.fill(10)
      const calls = [pending, big(), program.count()]
      await Promise.all(calls)
      x.set([5, 6])
      small.inputs.x.fill(1)
      await small()
      expect(Array.from((await program.count<{ double: Float32Array }>()).double)).toEqual([10, 12])
      expect((await program.save())['n']!.data[0]).toBe(3 + 3 + 50 + 3 + 3 + 11)
      expect(program.target).toBe('onnx')
      expect(program.moves).toHaveLength(1)
      expect(warnings).toHaveLength(1)
      program.dispose()
    }))

  it.each([{ strict: true }, { target: 'wasm' }])('is an error with %o, and the program goes on', (options) =>
    withTargets([flawed('wasm', flaw)], async () => {
      const { program, warnings } = counter(options)
      program.count.inputs.x.set([1, 2])
      await program.count()
      await expect(async () => program.count.at({ x: spec([5]) })()).rejects.toThrow(/emitter is broken|four rows/)
      await program.count()
      expect((await program.save())['n']!.data[0]).toBe(6)
      expect(program.target).toBe('wasm')
      expect(warnings).toEqual([])
    }),
  )

  it('leaves everything as it was where no target is left', () =>
    withTargets(
      [flawed('wasm', flaw), flawed('onnx', { at: 'build', slow: true }), flawed('eager', { at: 'build' })],
      async () => {
        const { program } = counter()
        program.count.inputs.x.set([1, 2])
        await program.count()
        await expect(async () => program.count.at({ x: spec([5]) })()).rejects.toThrow(/emitter is broken|four rows/)
        await program.count()
        expect((await program.save())['n']!.data[0]).toBe(6)
        expect(program.target).toBe('wasm')
      },
    ))
})

describe('jit', () => {
  it('moves a carried argument along', () =>
    withTargets([flawed('wasm', { at: 'add' })], async () => {
      const warnings: CompileWarning[] = []
      const step = jit((n: tf.Tensor, x: tf.Tensor) => ({ n: tf.add(n, tf.sum(x)), twice: tf.mul(n, 2) }), {
        carry: { 0: 'n' },
        warn: (warning) => warnings.push(warning),
      })
      let { n } = await step(tf.scalar(1), tf.ones([2]))
      for (const rows of [6, 2, 7]) n = (await step(n, tf.ones([rows]))).n
      const { twice } = await step(n, tf.ones([1]))
      expect(twice.dataSync()[0]).toBe(2 * (1 + 2 + 6 + 2 + 7))
      expect(step.target).toBe('onnx')
      expect(step.moves).toHaveLength(1)
      expect(warnings).toHaveLength(1)
    }))

  it('takes the next target for a kernel that only a later shape needs', async () => {
    const warnings: CompileWarning[] = []
    const f = jit((x: tf.Tensor) => (x.rank === 1 ? tf.neg(x) : tf.topk(x, 1).values), {
      warn: (warning) => warnings.push(warning),
    })
    expect((await f(tf.tensor1d([1, 3]))).dataSync()[0]).toBe(-1)
    expect(f.target).toBe('wasm')
    expect((await f(tf.tensor2d([[1, 3]]))).dataSync()[0]).toBe(3)
    expect((await f(tf.tensor1d([1, 3]))).dataSync()[0]).toBe(-1)
    expect(f.target).toBe('eager')
    expect(warnings).toHaveLength(1)
    expect(warnings[0]!.message).toContain("'TopK'")
  })
})
