/** gather, scatterAdd, oneHot: rows by index. */
import type { Node } from '../../graph.ts'
import { constantData, filled, type Lower, type LowerContext } from './context.ts'

/** ONNX Runtime ends the call on an index outside; here such a row may hold anything, so the index is clamped. */
function clampedIndices({ builder: b, graph, names }: LowerContext, indices: Node, length: number): string {
  const known = constantData(graph, indices)
  if (known?.every((index) => index >= 0 && index < length)) return names[1]!
  const { operation } = indices
  if (operation.op === 'argmax' || operation.op === 'argmin') {
    if (graph.nodes[indices.inputs[0]!]!.shape[operation.axis]! <= length) return names[1]!
  }
  return b.op('Min', [b.op('Max', [names[1]!, b.scalar('int32', 0)]), b.scalar('int32', length - 1)])
}

export const lowerGather: Lower<'gather'> = (context, { axis, batchDims }) => {
  const { builder: b, node, names, operands } = context
  const [values, indices] = operands as [Node, Node]
  if (values.shape.includes(0)) return filled(b, node.dtype, node.shape, 0)
  const rows = clampedIndices(context, indices, values.shape[axis]!)
  if (batchDims === 0) return b.op('Gather', [names[0]!, rows], { axis: { int: axis } })
  // GatherND picks along the axis after the shared ones: bring `axis` there, and the axes between back behind the picks.
  const rank = values.shape.length
  const order = Array.from({ length: rank }, (_, i) => i)
  const between = order.slice(batchDims, axis)
  const moved =
    between.length === 0
      ? names[0]!
      : b.transpose(names[0]!, [...order.slice(0, batchDims), axis, ...between, ...order.slice(axis + 1)])
  const wide = b.cast(b.reshape(rows, [...indices.shape, 1]), 'int64')
  const picked = b.op('GatherND', [moved, wide], { batch_dims: { int: batchDims } })
  if (between.length === 0) return picked
  const picks = indices.shape.length - batchDims
  const from = Array.from({ length: node.shape.length }, (_, i) => i)
  const firstBetween = batchDims + picks
  return b.transpose(picked, [
    ...from.slice(0, batchDims),
    ...from.slice(firstBetween, firstBetween + between.length),
    ...from.slice(batchDims, firstBetween),
    ...from.slice(firstBetween + between.length),
  ])
}

/**
 * Rows with an index outside go to one row more, which is cut off. ScatterND adds repeated indices in a race when it
 * runs on several threads, so a graph with this operation gets one (`needsOneThread`); a product with a one-hot matrix
 * would spread a NaN over every row.
 */
export const lowerScatterAdd: Lower<'scatterAdd'> = (context) => {
  const { builder: b, graph, node, names, operands } = context
  const [values, indices] = operands as [Node, Node]
  const rows = node.shape[0]!
  if (values.shape.includes(0)) return filled(b, node.dtype, node.shape, 0)
  const known = constantData(graph, indices)
  const inside = known?.every((index) => index >= 0 && index < rows) === true
  // As uint32 a negative index is a large one.
  const safe = inside ? names[1]! : b.op('Min', [b.cast(names[1]!, 'uint32'), b.scalar('uint32', rows)])
  const wide = b.reshape(b.cast(safe, 'int64'), [values.shape[0]!, 1])
  const shape = [inside ? rows : rows + 1, ...node.shape.slice(1)]
  const zeros = b.op('Expand', [b.scalar(node.dtype, 0), b.int64s(shape)])
  const sums = b.op('ScatterND', [zeros, wide, names[0]!], { reduction: { string: 'add' } })
  if (inside) return sums
  return b.slice(
    sums,
    shape.map(() => 0),
    node.shape,
    shape.map(() => 1),
  )
}

/** By comparison with 0, 1, 2, ...: ONNX's OneHot counts negative indices from the back. */
export const lowerOneHot: Lower<'oneHot'> = ({ builder: b, node, names, operands }, { depth, on, off }) => {
  const classes = b.constant(
    'int32',
    [depth],
    Array.from({ length: depth }, (_, i) => i),
  )
  const hits = b.op('Equal', [b.reshape(names[0]!, [...operands[0]!.shape, 1]), classes])
  if (node.dtype === 'bool') {
    if (Boolean(on) === Boolean(off)) return filled(b, 'bool', node.shape, Number(Boolean(on)))
    return on ? hits : b.op('Not', [hits])
  }
  if (on === 1 && off === 0) return b.cast(hits, node.dtype)
  return b.op('Where', [hits, b.scalar(node.dtype, on), b.scalar(node.dtype, off)])
}
