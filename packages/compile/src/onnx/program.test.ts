import { describe, expect, test } from 'vitest'
import type { Graph, HostData, TensorSpec } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { interpreterTarget } from '../interpreter/target.ts'
import type { BuiltProgram, ProgramRequest } from '../target.ts'
import { requestOf } from './lower/compare.ts'
import { loadRuntime, runtimeInstalled } from './runtime.ts'
import { onnxTarget } from './target.ts'

/** A step of gradient descent with momentum on a linear map, and the map itself. */
function regression(): ProgramRequest {
  const train = (): Graph => {
    const b = new GraphBuilder()
    const [w, m, steps] = [b.state('w', [3, 2]), b.state('m', [3, 2]), b.state('steps', [], 'int32')]
    const [x, y] = [b.input('x', [8, 3]), b.input('y', [8, 2])]
    const error = b.binary('sub', b.matmul(x, w), y)
    const gradient = b.binary('mul', b.matmul(x, error, { transposeA: true }), b.scalar(1 / 8))
    const momentum = b.binary('add', b.binary('mul', m, b.scalar(0.9)), gradient)
    const next = b.binary('sub', w, b.binary('mul', momentum, b.input('rate', [])))
    const loss = b.reduce('sum', b.binary('mul', error, error))
    return b.build({ loss, w: next }, { w: next, m: momentum, steps: b.binary('add', steps, b.scalar(1, 'int32')) })
  }
  const act = (): Graph => {
    const b = new GraphBuilder()
    const y = b.matmul(b.input('x', [1, 3]), b.state('w', [3, 2]))
    return b.build({ y, steps: b.state('steps', [], 'int32') })
  }
  const leaf = (shape: number[], data: HostData, dtype: TensorSpec['dtype'] = 'float32') => ({ shape, dtype, data })
  return {
    state: {
      w: leaf([3, 2], Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
      m: leaf([3, 2], new Float32Array(6)),
      steps: leaf([], new Int32Array(1), 'int32'),
    },
    functions: { train: requestOf('train', train()), act: requestOf('act', act()) },
  }
}

function fill(program: BuiltProgram, step: number): void {
  const { train, act } = program.functions
  train!.inputs['x']!.set(Float32Array.from({ length: 24 }, (_, i) => Math.sin(i + step)))
  train!.inputs['y']!.set(Float32Array.from({ length: 16 }, (_, i) => Math.cos(i * step)))
  train!.inputs['rate']![0] = 0.1 / (1 + step / 100)
  act!.inputs['x']!.set([1, -2, step / 100])
}

describe('state', () => {
  test('is carried over many steps and read by the other function', async () => {
    const program = await onnxTarget().build(regression())
    const reference = await interpreterTarget.build(regression())
    for (let step = 0; step < 300; step++) {
      for (const each of [program, reference]) {
        fill(each, step)
        await each.functions['train']!.run()
        await each.functions['act']!.run()
      }
      if (step % 50 !== 49) continue
      for (const name of ['train', 'act']) {
        for (const [output, expected] of Object.entries(reference.functions[name]!.outputs)) {
          const actual = program.functions[name]!.outputs[output]!
          for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i]!, 4)
        }
      }
      expect(program.functions['act']!.outputs['steps']![0]).toBe(step + 1)
    }
    program.dispose()
  })

  test('the same inputs give the same bits; save and load go back', async () => {
    const program = await onnxTarget().build(regression())
    const other = await onnxTarget({ threads: 2 }).build(regression())
    const step = async (each: BuiltProgram, i: number) => {
      fill(each, i)
      await each.functions['train']!.run()
    }
    for (let i = 0; i < 5; i++) await step(program, i)
    const middle = await program.save()
    for (let i = 5; i < 9; i++) await step(program, i)
    const end = await program.save()
    await other.load(middle)
    for (let i = 5; i < 9; i++) await step(other, i)
    expect(await other.save()).toEqual(end)
    await program.load(middle)
    expect(await program.save()).toEqual(middle)
    const foreign = await interpreterTarget.build(regression())
    await foreign.load(middle)
    expect(await foreign.save()).toEqual(middle)
  })

  test('copies: neither a saved state nor an output is written to later', async () => {
    const program = await onnxTarget().build(regression())
    fill(program, 1)
    const before = await program.save()
    const kept = structuredClone(before)
    await program.functions['train']!.run()
    expect(before).toEqual(kept)
    program.functions['train']!.outputs['w']!.fill(0)
    expect((await program.save())['w']![0]).not.toBe(0)
  })

  test('calls that overlap run one after the other', async () => {
    const program = await onnxTarget().build(regression())
    fill(program, 1)
    await Promise.all(Array.from({ length: 7 }, () => program.functions['train']!.run()))
    expect((await program.save())['steps']![0]).toBe(7)
  })

  test('load refuses what does not fit and changes nothing', async () => {
    const program = await onnxTarget().build(regression())
    const state = await program.save()
    const { w: _, ...missing } = state
    const changed = { ...state, m: new Float32Array(6).fill(1) }
    for (const bad of [
      missing,
      { ...changed, w: new Float32Array(5) },
      { ...changed, steps: new Float32Array(1) },
      { ...changed, extra: new Float32Array(1) },
    ]) {
      await expect(program.load(bad)).rejects.toMatchObject({ code: 'RPR_STATE_MISMATCH' })
    }
    expect(await program.save()).toEqual(state)
  })
})

describe('results that are no work', () => {
  test('arguments, leaves and constants as outputs and next state; swaps', async () => {
    const b = new GraphBuilder()
    const [p, q] = [b.state('p', [2]), b.state('q', [2])]
    const x = b.input('x', [2])
    const five = b.constant([5, 6], [2])
    const graph = b.build({ x, p, five, again: five }, { p: q, q: p, r: x, s: five })
    const leaf = (first: number) => ({ shape: [2], dtype: 'float32' as const, data: Float32Array.of(first, first + 1) })
    const program = await onnxTarget().build({
      state: { p: leaf(1), q: leaf(3), r: leaf(0), s: leaf(0) },
      functions: { f: requestOf('f', graph) },
    })
    const f = program.functions['f']!
    f.inputs['x']!.set([7, 8])
    await f.run()
    f.inputs['x']!.set([0, 0])
    expect(f.outputs).toEqual({
      x: Float32Array.of(7, 8),
      p: Float32Array.of(1, 2),
      five: Float32Array.of(5, 6),
      again: Float32Array.of(5, 6),
    })
    expect(await program.save()).toEqual({
      p: Float32Array.of(3, 4),
      q: Float32Array.of(1, 2),
      r: Float32Array.of(7, 8),
      s: Float32Array.of(5, 6),
    })
  })

  test('one value under two names, an argument that nothing reads', async () => {
    const b = new GraphBuilder()
    const y = b.unary('neg', b.input('x', [2]))
    b.input('unread', [3], 'bool')
    const program = await onnxTarget().build({ state: {}, functions: { f: requestOf('f', b.build({ y, z: y })) } })
    const f = program.functions['f']!
    f.inputs['x']!.set([1, -2])
    await f.run()
    expect(f.outputs).toEqual({ y: Float32Array.of(-1, 2), z: Float32Array.of(-1, 2) })
    expect(f.inputs['unread']).toEqual(new Uint8Array(3))
  })
})

describe('target', () => {
  test('adds functions to a program that has run', async () => {
    const program = await onnxTarget().build(regression())
    fill(program, 3)
    await program.functions['train']!.run()
    const b = new GraphBuilder()
    const graph = b.build({ sum: b.reduce('sum', b.state('w', [3, 2])) })
    const sum = await program.add(requestOf('sum', graph))
    await sum.run()
    const w = (await program.save())['w']! as Float32Array
    expect(sum.outputs['sum']![0]).toBeCloseTo(
      w.reduce((a, c) => a + c, 0),
      5,
    )
    expect(program.functions['sum']).toBe(sum)
  })

  test('repeated rows with several threads asked for: one is used, the bits repeat', async () => {
    const b = new GraphBuilder()
    const sums = b.scatterAdd(b.input('x', [4000, 3]), b.input('i', [4000], 'int32'), 5)
    const target = onnxTarget({ threads: 2 })
    const program = await target.build({ state: {}, functions: { f: requestOf('f', b.build({ sums })) } })
    const f = program.functions['f']!
    f.inputs['x']!.set(Float32Array.from({ length: 12000 }, (_, i) => Math.sin(i) * 1e3))
    f.inputs['i']!.set(Int32Array.from({ length: 4000 }, (_, i) => (i * i) % 5))
    await f.run()
    const first = f.outputs['sums']!.slice()
    for (let i = 0; i < 20; i++) {
      await f.run()
      expect(f.outputs['sums']).toEqual(first)
    }
  })

  test('a graph with an operation it does not know is refused by name', () => {
    const graph = {
      nodes: [
        { operation: { op: 'input', name: 'x' }, inputs: [], shape: [1], dtype: 'float32' },
        { operation: { op: 'fft' }, inputs: [0], shape: [1], dtype: 'float32' },
      ],
      outputs: { y: 1 },
      nextState: {},
    } as unknown as Graph
    const refusal = onnxTarget().supports({ state: {}, functions: { f: requestOf('f', graph) } })
    expect(refusal?.reason).toContain("'fft'")
    expect(onnxTarget().supports(regression())).toBeUndefined()
  })

  test('options outside their range, a missing package, a disposed program', async () => {
    expect(() => onnxTarget({ threads: 0 })).toThrow(/threads is an integer of 1 or more, not 0/)
    expect(() => onnxTarget({ provider: 'tpu' as 'cpu' })).toThrow(/provider is 'cpu' or 'webgpu'/)
    expect(runtimeInstalled('onnxruntime-absent')).toBe(false)
    expect(() => loadRuntime('onnxruntime-absent')).toThrow(expect.objectContaining({ code: 'RPR_EXECUTOR_MISSING' }))
    const program = await onnxTarget().build(regression())
    program.dispose()
    program.dispose()
    await expect(program.functions['act']!.run()).rejects.toMatchObject({ code: 'RPR_COMPILE_DISPOSED' })
    await expect(program.save()).rejects.toMatchObject({ code: 'RPR_COMPILE_DISPOSED' })
  })
})
