/**
 * Products that are no products: with a row or column of ones it is a sum, and over a single term it is element by
 * element. Sums may run in another order; the zero that a product starts from turns -0 into 0 and is left out.
 */
import type { Node, NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { type Pass, rewrite, uniform } from './rewrite.ts'

export const products: Pass = (graph) => rewrite(graph, product)

function product(g: GraphBuilder, node: Node): NodeId | undefined {
  const { operation } = node
  if (operation.op !== 'matmul') return undefined
  const [a, b] = node.inputs as [NodeId, NodeId]
  const { transposeA, transposeB } = operation
  const [left, right] = [g.shape(a), g.shape(b)]
  const rank = Math.max(left.length, right.length)
  const inner = left.at(transposeA ? -2 : -1)!
  if (inner === 1) {
    return g.binary('mul', column(g, a, transposeA), row(g, b, transposeB))
  }
  // Only plain matrices: a batch of sums would need its own broadcasting.
  if (rank !== 2) return undefined
  const [rows, columns] = node.shape as [number, number]
  if (rows === 1 && uniform(g, a) === 1) {
    return g.reshape(g.reduce('sum', b, [transposeB ? 1 : 0]), [1, columns])
  }
  if (columns === 1 && uniform(g, b) === 1) {
    return g.reshape(g.reduce('sum', a, [transposeA ? 0 : 1]), [rows, 1])
  }
  return undefined
}

/** [..., m, 1] of [..., m, 1], or of its transpose. */
function column(g: GraphBuilder, a: NodeId, transposed: boolean): NodeId {
  const shape = g.shape(a)
  return transposed ? g.reshape(a, [...shape.slice(0, -2), shape.at(-1)!, 1]) : a
}

function row(g: GraphBuilder, b: NodeId, transposed: boolean): NodeId {
  const shape = g.shape(b)
  return transposed ? g.reshape(b, [...shape.slice(0, -2), 1, shape.at(-2)!]) : b
}
