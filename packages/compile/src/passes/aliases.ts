/** Views of views become one view, and views that change nothing vanish. */
import { type Node, type NodeId, type Shape, sizeOf } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { sameShape } from '../infer.ts'
import { as, type Pass, rewrite } from './rewrite.ts'

export const aliases: Pass = (graph) => rewrite(graph, alias)

function alias(g: GraphBuilder, node: Node): NodeId | undefined {
  const { operation, shape } = node
  const x = node.inputs[0]!
  switch (operation.op) {
    case 'reshape': {
      const spread = as(g, x, 'broadcast')
      // Any view of one value spread out is that value spread out.
      if (spread !== undefined && sizeOf(g.shape(spread.inputs[0]!)) === 1) {
        return g.broadcast(g.reshape(spread.inputs[0]!, []), shape)
      }
      return g.reshape(x, shape)
    }
    case 'broadcast': {
      const inner = as(g, x, 'broadcast')
      return g.broadcast(inner?.inputs[0] ?? x, shape)
    }
    case 'transpose': {
      const inner = as(g, x, 'transpose')
      const permutation = inner
        ? operation.permutation.map((axis) => inner.operation.permutation[axis]!)
        : operation.permutation
      const source = inner?.inputs[0] ?? x
      // Moving axes of length 1 moves no value.
      const long = permutation.filter((axis) => g.shape(source)[axis] !== 1)
      if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return g.reshape(source, shape)
      return g.transpose(source, permutation)
    }
    case 'slice': {
      const inner = as(g, x, 'slice')
      if (inner === undefined) return g.slice(x, operation.begin, shape, operation.strides)
      const { begin, strides } = inner.operation
      const start = operation.begin.map((b, i) => begin[i]! + b * strides[i]!)
      const steps = operation.strides.map((s, i) => s * strides[i]!)
      return g.slice(inner.inputs[0]!, start, shape, steps)
    }
    case 'reverse': {
      const axes = operation.axes.filter((axis) => shape[axis]! > 1)
      const inner = as(g, x, 'reverse')
      if (inner !== undefined && sameShape(inner.operation.axes, axes)) return inner.inputs[0]!
      return g.reverse(x, axes)
    }
    case 'concat': {
      const parts = node.inputs.filter((id) => sizeOf(g.shape(id)) > 0)
      return parts.length === 0 ? undefined : g.concat(parts, operation.axis)
    }
    case 'pad':
      return g.pad(x, operation.before, operation.after, operation.value)
    case 'reduce': {
      if (!operation.axes.every((axis) => g.shape(x)[axis] === 1)) return undefined
      const view = g.reshape(x, shape)
      // A sum starts at 0, so that -0 becomes 0.
      return operation.fn === 'sum' && node.dtype === 'float32' ? g.binary('add', view, g.scalar(0)) : view
    }
    case 'matmul':
      return absorbTransposes(g, node)
    default:
      return undefined
  }
}

/** A product reads an operand transposed for nothing. */
function absorbTransposes(g: GraphBuilder, node: Node): NodeId | undefined {
  if (node.operation.op !== 'matmul') return undefined
  let { transposeA, transposeB } = node.operation
  let [a, b] = node.inputs as [NodeId, NodeId]
  const [left, right] = [as(g, a, 'transpose'), as(g, b, 'transpose')]
  if (left !== undefined && swapsMatrix(left.operation.permutation)) {
    a = left.inputs[0]!
    transposeA = !transposeA
  }
  if (right !== undefined && swapsMatrix(right.operation.permutation)) {
    b = right.inputs[0]!
    transposeB = !transposeB
  }
  return g.matmul(a, b, { transposeA, transposeB })
}

function swapsMatrix(permutation: Shape): boolean {
  const rank = permutation.length
  return permutation.every((axis, i) => axis === (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i))
}
