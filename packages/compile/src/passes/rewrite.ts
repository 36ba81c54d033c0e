/** What passes have in common: walk a graph in order and build another one. */
import type { Graph, Node, NodeId, OperationName } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { sameShape } from '../infer.ts'

/** A graph with the same results. Bits are kept unless the pass says otherwise. */
export type Pass = (graph: Graph) => Graph

/**
 * Offers each node, its operands already rewritten, to `replace`: it returns the id of what takes the node's place in the
 * new graph, of the same shape and type, or undefined to keep the node. Where nothing changes, `graph` itself comes back.
 */
export function rewrite(
  graph: Graph,
  replace: (g: GraphBuilder, node: Node, old: NodeId) => NodeId | undefined,
): Graph {
  const g = new GraphBuilder()
  const moved: NodeId[] = []
  graph.nodes.forEach((node, old) => {
    const { operation, inputs, shape, dtype } = node
    const current = inputs.every((id) => moved[id] === id)
      ? node
      : { operation, inputs: inputs.map((id) => moved[id]!), shape, dtype }
    moved.push(replace(g, current, old) ?? g.append(current))
  })
  if (
    moved.length === g.nodes.length &&
    moved.every((id, old) => id === old && same(g.nodes[id]!, graph.nodes[old]!))
  ) {
    return graph
  }
  const follow = (results: Readonly<Record<string, NodeId>>): Record<string, NodeId> =>
    Object.fromEntries(Object.entries(results).map(([name, id]) => [name, moved[id]!]))
  return g.build(follow(graph.outputs), follow(graph.nextState))
}

/**
 * Whether a node is what it was: the same operation on the same operands. Passes change attributes only together with
 * operands, so those need no look.
 */
function same(a: Node, b: Node): boolean {
  if (a === b) return true
  const [x, y] = [a.operation, b.operation]
  return (
    x.op === y.op &&
    ('fn' in x ? x.fn : '') === ('fn' in y ? y.fn : '') &&
    a.dtype === b.dtype &&
    sameShape(a.inputs, b.inputs) &&
    sameShape(a.shape, b.shape)
  )
}

/** The node behind an id, if it is a certain operation. */
export function as<K extends OperationName>(
  g: GraphBuilder,
  id: NodeId,
  op: K,
): (Node & { operation: Extract<Node['operation'], { op: K }> }) | undefined {
  const node = g.nodes[id]
  return node?.operation.op === op ? (node as never) : undefined
}

/** The value of a constant that is the same everywhere, through broadcasts and reshapes. */
export function uniform(g: GraphBuilder, id: NodeId): number | undefined {
  const node = g.nodes[id]!
  if (node.operation.op === 'broadcast' || node.operation.op === 'reshape') return uniform(g, node.inputs[0]!)
  if (node.operation.op !== 'constant' || node.operation.data.length === 0) return undefined
  const [first] = node.operation.data
  return node.operation.data.every((value) => Object.is(value, first)) ? first : undefined
}

/** Element by element: the result's element depends on the operands' elements at the same place. */
export const ELEMENTWISE: ReadonlySet<OperationName> = new Set(['unary', 'binary', 'select', 'cast'])
