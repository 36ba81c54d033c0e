/**
 * Evaluates a graph in plain loops: the reference that every target is compared with, and what folds constants. Slow.
 * Results follow TensorFlow.js's cpu backend, except that int32 products wrap exactly (there they round beyond 2^53).
 */
import { RepriseError } from '@reprise/core'
import type { Graph, HostData, Node, NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { arrayFor } from '../infer.ts'
import { concatenated, gathered, oneHot, padded, reversed, scattered, sliced, take, transposed } from './moves.ts'
import { arg, conv2d, cumulative, matmul, reduced, softmax } from './reductions.ts'
import { BINARY, UNARY } from './scalar-functions.ts'
import { broadcastStrides, offsets } from './strides.ts'

export interface Evaluation {
  readonly outputs: Record<string, HostData>
  readonly nextState: Record<string, HostData>
}

/**
 * One call. Results may share memory with the arguments.
 * @throws RPR_COMPILE_INPUT where an input or state leaf is missing or has another length
 */
export function evaluate(
  graph: Graph,
  inputs: Readonly<Record<string, HostData>>,
  state: Readonly<Record<string, HostData>> = {},
): Evaluation {
  const values: HostData[] = []
  for (const node of graph.nodes) {
    const { operation } = node
    if (operation.op === 'input') values.push(leaf(node, inputs[operation.name], operation.name))
    else if (operation.op === 'state') values.push(leaf(node, state[operation.path], operation.path))
    else values.push(evaluateNode(graph, node, values))
  }
  const read = (from: Readonly<Record<string, NodeId>>): Record<string, HostData> =>
    Object.fromEntries(Object.entries(from).map(([name, id]) => [name, values[id]!]))
  return { outputs: read(graph.outputs), nextState: read(graph.nextState) }
}

/** The value of one node from its operands' values, `values[id]`. Not for inputs and state. */
export function evaluateNode(graph: Graph, node: Node, values: readonly (HostData | undefined)[]): HostData {
  const { operation } = node
  const operands = node.inputs.map((id) => values[id]!)
  const shapes = node.inputs.map((id) => graph.nodes[id]!.shape)
  const x = operands[0]!
  const shape = shapes[0]!
  const pair = [x, operands[1]!] as const
  const pairShapes = [shape, shapes[1]!] as const
  switch (operation.op) {
    case 'constant':
      return operation.data
    case 'unary': {
      const fn = UNARY[operation.fn]
      const out = arrayFor(node.dtype, x.length)
      for (let i = 0; i < out.length; i++) out[i] = fn(x[i]!)
      return out
    }
    case 'binary': {
      const exact = operation.fn === 'mul' && node.dtype === 'int32'
      const fn = exact ? Math.imul : BINARY[operation.fn]
      const [a, b] = spread(graph, node)
      const out = arrayFor(node.dtype, a!.length)
      for (let i = 0; i < out.length; i++) out[i] = fn(x[a![i]!]!, operands[1]![b![i]!]!)
      return out
    }
    case 'select': {
      const [c, a, b] = spread(graph, node)
      const out = arrayFor(node.dtype, c!.length)
      for (let i = 0; i < out.length; i++) out[i] = x[c![i]!]! !== 0 ? operands[1]![a![i]!]! : operands[2]![b![i]!]!
      return out
    }
    case 'cast': {
      const out = arrayFor(node.dtype, x.length)
      const logical = node.dtype === 'bool'
      for (let i = 0; i < out.length; i++) out[i] = logical ? (x[i]! !== 0 ? 1 : 0) : x[i]!
      return out
    }
    case 'reshape':
      return x
    case 'broadcast':
      return take(x, offsets(node.shape, broadcastStrides(shape, node.shape)), node)
    case 'transpose':
      return transposed(operation, node, x, shape)
    case 'slice':
      return sliced(operation, node, x, shape)
    case 'reverse':
      return reversed(operation, node, x)
    case 'pad':
      return padded(operation, node, x, shape)
    case 'concat':
      return concatenated(operation, node, operands)
    case 'gather':
      return gathered(operation, node, pair, pairShapes)
    case 'scatterAdd':
      return scattered(node, x, operands[1]!)
    case 'oneHot':
      return oneHot(operation, node, x)
    case 'reduce':
      return reduced(operation, node, x, shape)
    case 'argmax':
    case 'argmin':
      return arg(operation, x, shape)
    case 'cumsum':
    case 'cumprod':
      return cumulative(operation, node, x)
    case 'softmax':
    case 'logSoftmax':
      return softmax(operation.op === 'logSoftmax', node, x)
    case 'matmul':
      return matmul(operation, node, pair, pairShapes)
    case 'conv2d':
      return conv2d(operation, node, pair, pairShapes)
    case 'input':
    case 'state':
      throw new RepriseError('RPR_COMPILE_GRAPH', `A ${operation.op} has no value of its own.`, { value: operation })
  }
}

/** Offsets into each operand for each element of the result. */
function spread(graph: Graph, node: Node): Int32Array[] {
  return node.inputs.map((id) => offsets(node.shape, broadcastStrides(graph.nodes[id]!.shape, node.shape)))
}

function leaf(node: Node, data: HostData | undefined, name: string): HostData {
  const length = sizeOf(node.shape)
  if (data?.length === length) return data
  throw new RepriseError('RPR_COMPILE_INPUT', `'${name}' needs ${length} values of ${node.dtype}.`, {
    value: data?.length,
  })
}
