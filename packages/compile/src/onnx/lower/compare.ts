/** For tests: runs a graph on ONNX Runtime and compares every output with the reference interpreter. */
import type { Graph, HostData, NodeId, TensorSpec } from '../../graph.ts'
import { GraphBuilder } from '../../graph-builder.ts'
import { evaluate } from '../../interpreter/evaluate.ts'
import { type OnnxTargetOptions, onnxTarget } from '../target.ts'

/** A function request for a graph: its inputs are those of the graph. */
export function requestOf(name: string, graph: Graph) {
  const inputs: Record<string, TensorSpec> = {}
  for (const { operation, shape, dtype } of graph.nodes) {
    if (operation.op === 'input') inputs[operation.name] = { shape, dtype }
  }
  return { name, graph: () => graph, inputs }
}

export interface Mismatch {
  readonly output: string
  readonly index: number
  readonly expected: number
  readonly actual: number
}

export interface CompareOptions extends OnnxTargetOptions {
  /** Allowed difference, relative to the larger of 1 and the expected value where `absolute`, else to the value. */
  readonly tolerance?: number
  readonly absolute?: boolean
}

/** Elements that differ. Integers, NaN and infinities are compared exactly; the sign of zero is not. */
export async function mismatches(
  build: (b: GraphBuilder) => Record<string, NodeId>,
  inputs: Readonly<Record<string, HostData>> = {},
  options: CompareOptions = {},
): Promise<Mismatch[]> {
  const { tolerance = 2e-6, absolute = false, ...target } = options
  const b = new GraphBuilder()
  const outputs = build(b)
  const graph = b.build(outputs)
  const expected = evaluate(graph, inputs).outputs
  const program = await onnxTarget(target).build({ state: {}, functions: { f: requestOf('f', graph) } })
  const fn = program.functions['f']!
  for (const [name, data] of Object.entries(inputs)) fn.inputs[name]!.set(data)
  await fn.run()
  const found: Mismatch[] = []
  for (const [output, values] of Object.entries(expected)) {
    const actual = fn.outputs[output]!
    if (actual.constructor !== values.constructor || actual.length !== values.length) {
      throw new Error(
        `${output}: ${actual.constructor.name}(${actual.length}), not ${values.constructor.name}(${values.length})`,
      )
    }
    for (let index = 0; index < values.length; index++) {
      const [e, a] = [values[index]!, actual[index]!]
      const close = Math.abs(a - e) <= tolerance * (absolute ? Math.max(1, Math.abs(e)) : Math.abs(e))
      const same = Object.is(a, e) || a === e
      if (!same && !(values instanceof Float32Array && Number.isFinite(e) && close)) {
        found.push({ output, index, expected: e, actual: a })
      }
    }
  }
  program.dispose()
  return found
}
