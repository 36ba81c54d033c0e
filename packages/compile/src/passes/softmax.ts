/**
 * Finds log-softmax in its parts, as TensorFlow.js computes it: (x - max) - log(sum(exp(x - max))), along the last axis.
 * Not bit for bit: a target may sum in another order.
 */
import type { Node, NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { as, type Pass, rewrite } from './rewrite.ts'

export const softmax: Pass = (graph) =>
  rewrite(graph, (g, node) => {
    const logits = logSoftmaxOf(g, node)
    return logits === undefined ? undefined : g.logSoftmax(logits)
  })

function logSoftmaxOf(g: GraphBuilder, node: Node): NodeId | undefined {
  const { operation } = node
  if (operation.op !== 'binary' || operation.fn !== 'sub' || node.dtype !== 'float32') return undefined
  const [shifted, logSum] = node.inputs as [NodeId, NodeId]
  const log = as(g, unkept(g, logSum), 'unary')
  if (log?.operation.fn !== 'log') return undefined
  const summed = lastAxis(g, unkept(g, log.inputs[0]!), 'sum')
  const exp = summed === undefined ? undefined : as(g, summed, 'unary')
  if (exp?.operation.fn !== 'exp' || exp.inputs[0] !== shifted) return undefined
  const shift = as(g, shifted, 'binary')
  if (shift?.operation.fn !== 'sub') return undefined
  const [x, largest] = shift.inputs as [NodeId, NodeId]
  const sameAxes = [logSum, largest].every((id) => g.shape(id).at(-1) === 1 || g.shape(id).length === 0)
  return sameAxes && lastAxis(g, unkept(g, largest), 'max') === x ? x : undefined
}

/** The operand of a reduction over the last axis. */
function lastAxis(g: GraphBuilder, id: NodeId, fn: 'sum' | 'max'): NodeId | undefined {
  const node = as(g, id, 'reduce')
  if (node === undefined || node.operation.fn !== fn) return undefined
  const operand = node.inputs[0]!
  const { axes } = node.operation
  return axes.length === 1 && axes[0] === g.shape(operand).length - 1 ? operand : undefined
}

/** Through the view that puts the reduced axis back. */
function unkept(g: GraphBuilder, id: NodeId): NodeId {
  const view = as(g, id, 'reshape')
  if (view === undefined) return id
  const source = view.inputs[0]!
  return g.shape(source).length === view.shape.length - 1 && view.shape.at(-1) === 1 ? source : id
}
