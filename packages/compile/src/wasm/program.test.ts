import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Graph } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { wasmTarget } from './target.ts'
import { buildGraph, check, generator, randomFor, specsOf } from './testing/check.ts'

const request = (name: string, graph: Graph) => ({ name, graph: () => graph, inputs: specsOf(graph, 'input') })

describe('state', () => {
  it('is updated in place by an elementwise loop, and read before it is written', () => {
    const b = new GraphBuilder()
    const w = b.state('w', [7])
    const g = b.input('g', [7])
    const next = b.binary('sub', w, g)
    check(b.build({ old: w, sum: b.reduce('sum', w) }, { w: next }), randomFor(b.build({}), generator(1)).inputs, {
      w: Float32Array.of(1, 2, 3, 4, 5, 6, 7),
    })
  })
  it('leaves may change places', () => {
    const b = new GraphBuilder()
    const [x, y] = [b.state('x', [5]), b.state('y', [5])]
    check(b.build({}, { x: y, y: x }), {}, { x: new Float32Array(5).fill(1), y: new Float32Array(5).fill(2) })
  })
  it('one leaf may take the old value of another that changes', () => {
    const b = new GraphBuilder()
    const y = b.state('y', [5])
    b.state('x', [5])
    const graph = b.build({ z: b.unary('neg', y) }, { x: y, y: b.unary('exp', y) })
    check(graph, {}, { x: new Float32Array(5), y: new Float32Array(5).fill(2) }, { relative: 1e-6 })
  })
  it('is not overwritten while a broadcast of it is still read', () => {
    const b = new GraphBuilder()
    const x = b.state('x', [9])
    const graph = b.build({}, { x: b.binary('add', x, b.slice(x, [0], [1])) })
    check(graph, {}, { x: Float32Array.from({ length: 9 }, (_, i) => i + 1) })
  })
  it('is not overwritten before a later unit has read it', () => {
    const b = new GraphBuilder()
    const w = b.state('w', [8, 8])
    const x = b.input('x', [8, 8])
    const next = b.binary('mul', w, b.scalar(0.5))
    const product = b.matmul(b.unary('exp', next), w)
    const graph = b.build({ product, again: b.matmul(x, w) }, { w: next })
    const { inputs, state } = randomFor(graph, generator(2))
    check(graph, inputs, state, { relative: 1e-5 })
  })
  it('may come from an input, a constant, or one node for two leaves', () => {
    const b = new GraphBuilder()
    const x = b.input('x', [3])
    b.state('a', [3])
    const sum = b.binary('add', x, b.state('b', [3]))
    const graph = b.build({ sum }, { a: x, b: sum, c: sum, d: b.constant([1, 2, 3], [3]) })
    const zeros = () => new Float32Array(3)
    const program = wasmTarget.build({
      state: Object.fromEntries(['a', 'b', 'c', 'd'].map((k) => [k, { shape: [3], dtype: 'float32', data: zeros() }])),
      functions: { f: request('f', graph) },
    })
    program.functions['f']!.inputs['x']!.set([1, 1, 2])
    program.functions['f']!.run()
    program.functions['f']!.run()
    expect(program.save()).toEqual({
      a: Float32Array.of(1, 1, 2),
      b: Float32Array.of(2, 2, 4),
      c: Float32Array.of(2, 2, 4),
      d: Float32Array.of(1, 2, 3),
    })
  })
  it('of bool and int32 is saved and loaded as bytes and integers', () => {
    const b = new GraphBuilder()
    const flag = b.state('flag', [3], 'bool')
    const count = b.state('count', [], 'int32')
    const graph = b.build({ flag }, { flag: b.unary('not', flag), count: b.binary('add', count, b.scalar(1, 'int32')) })
    check(graph, {}, { flag: Uint8Array.of(1, 0, 1), count: Int32Array.of(41) })
  })
  it('of the wrong length is refused', () => {
    const b = new GraphBuilder()
    const program = buildGraph(b.build({ y: b.state('w', [3]) }), { w: new Float32Array(3) })
    expect(() => program.load({ w: new Float32Array(4) })).toThrow(
      expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
    )
    expect(() => program.load({ z: new Float32Array(3) })).toThrow(
      expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
    )
  })
})

describe('functions of one program', () => {
  function adder(size: number): Graph {
    const b = new GraphBuilder()
    const next = b.binary('add', b.state('w', [4]), b.reduce('sum', b.input('x', [size, 4]), [0]))
    return b.build({ w: next }, { w: next })
  }
  it('share state, and memory that grows between two calls leaves every view valid', () => {
    const program = wasmTarget.build({
      state: { w: { shape: [4], dtype: 'float32', data: new Float32Array(4) } },
      functions: { small: request('small', adder(2)) },
    })
    const small = program.functions['small']!
    const views = [small.inputs['x']!, small.outputs['w']!]
    small.inputs['x']!.fill(1)
    small.run()
    const before = program.memoryBytes
    const large = program.add(request('large', adder(100_000)))
    expect(program.memoryBytes).toBeGreaterThan(before + 1_600_000)
    large.inputs['x']!.fill(2)
    large.run()
    small.run()
    expect([small.inputs['x'], small.outputs['w']]).toEqual(views)
    expect(small.inputs['x']).toBe(views[0])
    expect([...small.outputs['w']!]).toEqual([200_004, 200_004, 200_004, 200_004])
    expect([...large.outputs['w']!]).toEqual([200_002, 200_002, 200_002, 200_002])
    expect([...program.save()['w']!]).toEqual([200_004, 200_004, 200_004, 200_004])
  })
  it('use no more memory with every call', () => {
    const program = buildGraph(adder(64), { w: new Float32Array(4) })
    const before = program.memoryBytes
    for (let i = 0; i < 1000; i++) program.functions['f']!.run()
    expect(program.memoryBytes).toBe(before)
  })
  it('are gone after dispose, and so is their memory', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const build = (): { weak: WeakRef<object>; held: { run(): void } } => {
      const program = buildGraph(adder(1000), { w: new Float32Array(4) })
      const held = program.functions['f']!
      held.run()
      const weak = new WeakRef(held.inputs['x']!.buffer)
      program.dispose()
      expect(() => held.run()).toThrow(expect.objectContaining({ code: 'RPR_COMPILE_DISPOSED' }))
      expect(() => program.save()).toThrow(expect.objectContaining({ code: 'RPR_COMPILE_DISPOSED' }))
      return { weak, held }
    }
    const { weak, held } = build()
    for (let i = 0; i < 20 && weak.deref() !== undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      gc()
    }
    expect(weak.deref()).toBeUndefined()
    expect(() => held.run()).toThrow()
  })
})

it('supports every operation, and refuses what does not fit into memory', () => {
  const b = new GraphBuilder()
  const graph = b.build({ y: b.unary('exp', b.input('x', [2 ** 15, 2 ** 15])) })
  const asked = { state: {}, functions: { f: request('f', graph) } }
  expect(wasmTarget.supports(asked)?.reason).toMatch(/4 GiB/)
  const small = new GraphBuilder()
  const fits = small.build({ y: small.unary('exp', small.input('x', [2])) })
  expect(wasmTarget.supports({ state: {}, functions: { f: request('f', fits) } })).toBeUndefined()
})
