/** For tests: runs a graph on this target and on the interpreter, twice, and compares. */
import { expect } from 'vitest'
import { type Dtype, type Graph, type HostData, sizeOf, type TensorSpec } from '../../graph.ts'
import { arrayFor } from '../../infer.ts'
import { evaluate } from '../../interpreter/evaluate.ts'
import { validate } from '../../validate.ts'
import { wasmTarget } from '../target.ts'

export type Values = Readonly<Record<string, HostData>>

/** Relative to the larger of 1 and the reference, and to the largest element of the result. */
export interface Tolerance {
  readonly relative?: number
  readonly ofLargest?: number
}

export function specsOf(graph: Graph, op: 'input' | 'state'): Record<string, TensorSpec> {
  const specs: Record<string, TensorSpec> = {}
  for (const { operation, shape, dtype } of graph.nodes) {
    if (operation.op !== op) continue
    if (operation.op === 'input') specs[operation.name] = { shape, dtype }
    if (operation.op === 'state') specs[operation.path] = { shape, dtype }
  }
  return specs
}

export function buildGraph(graph: Graph, state: Values = {}) {
  const specs = specsOf(graph, 'state')
  return wasmTarget.build({
    state: Object.fromEntries(Object.entries(state).map(([path, data]) => [path, { ...specs[path]!, data }])),
    functions: { f: { name: 'f', graph: () => graph, inputs: specsOf(graph, 'input') } },
  })
}

/** Asserts that outputs and next states agree with the interpreter, and that a second run gives the same bits. */
export function check(graph: Graph, inputs: Values, state: Values = {}, tolerance: Tolerance = {}): void {
  validate(graph)
  const expected = evaluate(graph, inputs, state)
  const program = buildGraph(graph, state)
  const { f } = program.functions
  const run = (): { outputs: Values; state: Values } => {
    program.load(state)
    for (const [name, data] of Object.entries(inputs)) f!.inputs[name]!.set(data)
    f!.run()
    const outputs = Object.fromEntries(Object.entries(f!.outputs).map(([name, data]) => [name, data.slice()]))
    return { outputs, state: program.save() }
  }
  const first = run()
  const second = run()
  program.dispose()
  for (const [name, value] of Object.entries(expected.outputs)) {
    compare(`output ${name}`, first.outputs[name]!, value, tolerance)
    expect(bits(second.outputs[name]!), `bits of ${name}`).toEqual(bits(first.outputs[name]!))
  }
  for (const [path, value] of Object.entries(expected.nextState)) {
    compare(`state ${path}`, first.state[path]!, value, tolerance)
    expect(bits(second.state[path]!), `bits of ${path}`).toEqual(bits(first.state[path]!))
  }
}

function compare(what: string, actual: HostData, expected: HostData, tolerance: Tolerance): void {
  expect(actual.constructor, what).toBe(expected.constructor)
  expect(actual.length, what).toBe(expected.length)
  const { relative = 0, ofLargest = 0 } = tolerance
  let largest = 0
  for (const x of expected) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x))
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!]
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue
    const allowed = relative * Math.max(1, Math.abs(e)) + ofLargest * largest
    if (!(Math.abs(a - e) <= allowed)) expect.fail(`${what}[${i}] is ${a}, expected ${e}`)
  }
}

export function bits(data: HostData): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
}

/** Reproducible numbers in [-1, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

export function randomValues(dtype: Dtype, length: number, random: () => number, scale = 2): HostData {
  const out = arrayFor(dtype, length)
  for (let i = 0; i < length; i++)
    out[i] = dtype === 'bool' ? (random() > 0 ? 1 : 0) : random() * (dtype === 'int32' ? 9 : scale)
  return out
}

/** Random values for every input and state leaf. */
export function randomFor(graph: Graph, random: () => number): { inputs: Values; state: Values } {
  const fill = (specs: Record<string, TensorSpec>): Values =>
    Object.fromEntries(
      Object.entries(specs).map(([name, { shape, dtype }]) => [name, randomValues(dtype, sizeOf(shape), random)]),
    )
  return { inputs: fill(specsOf(graph, 'input')), state: fill(specsOf(graph, 'state')) }
}
