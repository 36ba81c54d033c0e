/** From a graph to nodes of a TensorFlow graph. */
import { type Graph, type NodeId, type OperationName, sizeOf } from '@reprise/compile'
import type { Output, TfGraph } from '../tf-graph.ts'
import { filled, type Lower } from './context.ts'
import { lowerBinary, lowerCast, lowerSelect, lowerUnary } from './elementwise.ts'
import { lowerArg, lowerConv2d, lowerCumulative, lowerMatmul, lowerReduce, lowerSoftmax } from './reductions.ts'
import {
  lowerBroadcast,
  lowerConcat,
  lowerGather,
  lowerOneHot,
  lowerPad,
  lowerReshape,
  lowerReverse,
  lowerScatterAdd,
  lowerSlice,
  lowerTranspose,
} from './structure.ts'

type Lowered = Exclude<OperationName, 'input' | 'state' | 'constant'>

const TABLE: { readonly [K in Lowered]: Lower<K> } = {
  unary: lowerUnary,
  binary: lowerBinary,
  select: lowerSelect,
  cast: lowerCast,
  reduce: lowerReduce,
  argmax: lowerArg,
  argmin: lowerArg,
  matmul: lowerMatmul,
  softmax: lowerSoftmax,
  logSoftmax: lowerSoftmax,
  reshape: lowerReshape,
  broadcast: lowerBroadcast,
  transpose: lowerTranspose,
  slice: lowerSlice,
  concat: lowerConcat,
  pad: lowerPad,
  reverse: lowerReverse,
  gather: lowerGather,
  scatterAdd: lowerScatterAdd,
  oneHot: lowerOneHot,
  cumsum: lowerCumulative,
  cumprod: lowerCumulative,
  conv2d: lowerConv2d,
}

/** Where arguments come from. */
export interface Arguments {
  input(name: string): Output
  state(path: string): Output
}

/** Appends what `wanted` needs and gives their values. @throws Error with TensorFlow's message */
export function lowerGraph(
  tf: TfGraph,
  graph: Graph,
  wanted: readonly NodeId[],
  given: Arguments,
): Map<NodeId, Output> {
  const values = new Map<NodeId, Output>()
  for (const id of needed(graph, wanted)) {
    const node = graph.nodes[id]!
    const { operation } = node
    if (operation.op === 'input') values.set(id, given.input(operation.name))
    else if (operation.op === 'state') values.set(id, given.state(operation.path))
    else if (operation.op === 'constant') values.set(id, tf.constant(node.dtype, node.shape, operation.data))
    // Nothing to compute, and XLA has no way for some operations on nothing.
    else if (sizeOf(node.shape) === 0) values.set(id, tf.constant(node.dtype, node.shape, []))
    else if (node.inputs.some((input) => sizeOf(graph.nodes[input]!.shape) === 0) && operation.op === 'matmul') {
      values.set(id, filled(tf, node.dtype, node.shape, 0))
    } else {
      const operands = node.inputs.map((input) => graph.nodes[input]!)
      const context = { graph, tf, node, operands, values: node.inputs.map((input) => values.get(input)!) }
      values.set(id, (TABLE[operation.op] as Lower<Lowered>)(context, operation as never))
    }
  }
  return values
}

/** In execution order. */
function needed(graph: Graph, wanted: readonly NodeId[]): NodeId[] {
  const marked = new Set(wanted)
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (marked.has(id)) for (const input of graph.nodes[id]!.inputs) marked.add(input)
  }
  return [...marked].sort((a, b) => a - b)
}
