/** Checks a whole graph: what a target may rely on. Run after every pass in tests. */
import { RepriseError } from '@reprise/core'
import type { Graph, TensorSpec } from './graph.ts'
import { infer, sameShape } from './infer.ts'

/**
 * Order, operands, shapes, types, names: one node per input name and state path, next states of their leaf's type.
 * @throws RPR_COMPILE_GRAPH naming the node
 */
export function validate(graph: Graph): void {
  const { nodes } = graph
  const leaves = new Map<string, number>()
  nodes.forEach((node, id) => {
    for (const input of node.inputs) {
      if (!(Number.isInteger(input) && input >= 0 && input < id)) fail(`Node ${id} reads node ${input}.`, id)
    }
    infer(
      node.operation,
      node.inputs.map((input) => nodes[input]!),
      node,
    )
    const { operation } = node
    const leaf =
      operation.op === 'input' ? `input ${operation.name}` : operation.op === 'state' ? `state ${operation.path}` : ''
    if (leaf === '') return
    if (leaves.has(leaf)) fail(`Nodes ${leaves.get(leaf)} and ${id} are both ${leaf}.`, id)
    leaves.set(leaf, id)
  })
  for (const [name, id] of Object.entries(graph.outputs)) {
    if (nodes[id] === undefined) fail(`Output '${name}' is node ${id}, which does not exist.`, id)
  }
  for (const [path, id] of Object.entries(graph.nextState)) {
    const next = nodes[id]
    if (next === undefined) fail(`State '${path}' becomes node ${id}, which does not exist.`, id)
    const leaf = nodes[leaves.get(`state ${path}`) ?? -1]
    if (leaf !== undefined && !sameSpec(leaf, next)) {
      fail(`State '${path}' is ${describe(leaf)} and would become ${describe(next)}.`, id)
    }
  }
}

export function sameSpec(a: TensorSpec, b: TensorSpec): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape)
}

/** 'float32 [64, 4]' */
export function describe(spec: TensorSpec): string {
  return `${spec.dtype} [${spec.shape.join(', ')}]`
}

function fail(message: string, value: unknown): never {
  throw new RepriseError('RPR_COMPILE_GRAPH', message, { value })
}
