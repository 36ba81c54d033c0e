/**
 * Arithmetic that changes nothing. Only what keeps every bit, for NaN, infinities and -0 too: x + 0 stays for float32,
 * because -0 + 0 is 0; x - x stays, because of NaN.
 */
import type { Node, NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { as, type Pass, rewrite, uniform } from './rewrite.ts'

export const identities: Pass = (graph) => rewrite(graph, identity)

function identity(g: GraphBuilder, node: Node): NodeId | undefined {
  const { operation } = node
  const [a, b, c] = node.inputs as [NodeId, NodeId, NodeId]
  switch (operation.op) {
    case 'unary': {
      const inner = as(g, a, 'unary')
      const undoes = (operation.fn === 'neg' || operation.fn === 'not') && inner?.operation.fn === operation.fn
      return undoes ? inner.inputs[0] : undefined
    }
    case 'binary': {
      const result = binary(g, operation.fn, [a, b], node)
      return result === undefined ? undefined : g.broadcast(result, node.shape)
    }
    case 'select': {
      const condition = uniform(g, a)
      const kept = b === c ? b : condition === undefined ? undefined : condition !== 0 ? b : c
      return kept === undefined ? undefined : g.broadcast(kept, node.shape)
    }
    case 'cast': {
      const hot = as(g, a, 'oneHot')
      if (hot !== undefined && node.dtype !== 'bool') {
        const { depth, on, off } = hot.operation
        // Fractions would be cut on the way through int32.
        const whole = Number.isInteger(on) && Number.isInteger(off)
        return whole ? g.oneHot(hot.inputs[0]!, depth, on, off, node.dtype) : undefined
      }
      const inner = as(g, a, 'cast')
      if (inner === undefined || inner.dtype === 'bool') return undefined
      // bool to number and on; a number through bool or float32 to int32 would lose.
      const source = inner.inputs[0]!
      return g.dtype(source) === 'bool' ? g.cast(source, node.dtype) : undefined
    }
    default:
      return undefined
  }
}

function binary(g: GraphBuilder, fn: string, [a, b]: readonly [NodeId, NodeId], node: Node): NodeId | undefined {
  const [left, right] = [uniform(g, a), uniform(g, b)]
  const float = g.dtype(a) === 'float32'
  switch (fn) {
    case 'mul':
      if (right === 1) return a
      if (left === 1) return b
      if (right === -1) return g.unary('neg', a)
      if (left === -1) return g.unary('neg', b)
      return undefined
    case 'div':
      if (right === 1) return a
      // Exact: the reciprocal of a power of two is one.
      if (float && right !== undefined && isPowerOfTwo(right)) return g.binary('mul', a, g.scalar(1 / right))
      return undefined
    case 'sub':
      return Object.is(right, 0) ? a : undefined
    case 'add':
      if (Object.is(right, float ? -0 : 0)) return a
      return Object.is(left, float ? -0 : 0) ? b : undefined
    case 'pow':
      if (right === 1) return a
      // The square of a float32 is exact in double precision, so both round once.
      return float && right === 2 ? g.binary('mul', a, a) : undefined
    case 'max':
    case 'min':
      return a === b ? a : undefined
    case 'and':
    case 'or':
      if (a === b) return a
      return logic(g, fn, left, right, [a, b], node)
    default:
      return undefined
  }
}

function logic(
  g: GraphBuilder,
  fn: 'and' | 'or',
  left: number | undefined,
  right: number | undefined,
  [a, b]: readonly [NodeId, NodeId],
  node: Node,
): NodeId | undefined {
  const neutral = fn === 'and' ? 1 : 0
  if (right === neutral) return a
  if (left === neutral) return b
  const decided = left === 1 - neutral || right === 1 - neutral
  return decided ? g.fill(1 - neutral, node.shape, 'bool') : undefined
}

function isPowerOfTwo(value: number): boolean {
  const exponent = Math.log2(Math.abs(value))
  return value !== 0 && Number.isInteger(exponent) && Math.abs(exponent) <= 100
}
