/** What a function computes, as nodes of a TensorFlow graph: the same for one call and for a step of a loop. */
import type { FunctionRequest, Graph, TensorSpec } from '@reprise/compile'
import type { Pointer } from '../native/ffi.ts'
import type { HostBlock } from './host-block.ts'
import { layOut, pack, type Section, unpack } from './layout.ts'
import { T } from './lower/context.ts'
import { lowerGraph } from './lower/lower.ts'
import type { Output, TfGraph } from './tf-graph.ts'

/** What a function is before it is built: read from its graph once. */
export interface Shape {
  readonly name: string
  readonly graph: Graph
  readonly inputs: readonly Section[]
  readonly outputs: readonly Section[]
  /** Leaves that it reads, and leaves that it writes. */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

export function shapeOf(request: FunctionRequest): Shape {
  const graph = request.graph()
  const specs: Record<string, TensorSpec> = {}
  for (const [name, id] of Object.entries(graph.outputs)) {
    const { shape, dtype } = graph.nodes[id]!
    specs[name] = { shape, dtype }
  }
  const read = new Set<string>()
  for (const { operation } of graph.nodes) if (operation.op === 'state') read.add(operation.path)
  return {
    name: request.name,
    graph,
    inputs: layOut(request.inputs),
    outputs: layOut(specs),
    reads: [...read],
    writes: Object.keys(graph.nextState),
  }
}

/** The body: vectors of arguments and leaves in, vectors of results and leaves out. */
export function body(
  tf: TfGraph,
  { graph, inputs, outputs, writes }: Shape,
  vectors: readonly Output[],
  leaf: (path: string) => Output,
): { outputs: Output[]; next: Output[] } {
  const given = unpack(tf, inputs, vectors)
  const wanted = [...Object.values(graph.outputs), ...Object.values(graph.nextState)]
  const values = lowerGraph(tf, graph, wanted, { input: (name) => given.get(name)!, state: leaf })
  return {
    outputs: pack(tf, outputs, (name) => values.get(graph.outputs[name]!)!),
    // Nodes of their own, also where a leaf becomes an argument or another leaf.
    next: writes.map((path) => {
      const id = graph.nextState[path]!
      return tf.op('Identity', [values.get(id)!], T(graph.nodes[id]!.dtype))
    }),
  }
}

/** Calls `use` with a handle of each block. */
export function withBlocks<R>(blocks: readonly HostBlock[], use: (handles: readonly Pointer[]) => R): R {
  const next = (i: number, handles: readonly Pointer[]): R =>
    i === blocks.length ? use(handles) : blocks[i]!.with((handle) => next(i + 1, [...handles, handle]))
  return next(0, [])
}
