/** What a lowering sees of the node it lowers, and helpers that several families share. */
import type { Dtype, Graph, HostData, Node, Operation, OperationName } from '../../graph.ts'
import type { ModelBuilder } from '../builder.ts'

export interface LowerContext {
  readonly graph: Graph
  readonly builder: ModelBuilder
  readonly node: Node
  /** ONNX value names of the node's operands. */
  readonly names: readonly string[]
  /** The node's operands. */
  readonly operands: readonly Node[]
}

/** The variant of `Operation` that `Name` belongs to; some variants have several names. */
export type OperationOf<Name extends OperationName> = Extract<VariantOf<Operation, Name>, Operation>
type VariantOf<O extends Operation, Name> = O extends unknown ? (Name extends O['op'] ? O : never) : never

/** Appends ONNX nodes for one node of the graph and gives the name of its value. */
export type Lower<Name extends OperationName> = (context: LowerContext, operation: OperationOf<Name>) => string

/** The data of an operand that is a constant, also behind a reshape or a broadcast. */
export function constantData(graph: Graph, node: Node): HostData | undefined {
  let at = node
  while (at.operation.op === 'reshape' || at.operation.op === 'broadcast') at = graph.nodes[at.inputs[0]!]!
  return at.operation.op === 'constant' ? at.operation.data : undefined
}

/**
 * Float -> int32 as JavaScript stores a number in an Int32Array: truncated, modulo 2^32. By way of int64, whose low half
 * is the answer; what int64 cannot hold is NaN, infinite, or (from float32) a multiple of 2^32. The addition changes no
 * low bit: it keeps ONNX Runtime from joining the two casts, which would saturate.
 */
export function wrapToInt32(builder: ModelBuilder, value: string): string {
  const wide = builder.op('Add', [builder.cast(value, 'int64'), builder.scalar('int64', 2 ** 32)])
  return builder.cast(wide, 'int32')
}

/** 0 where `value` is NaN or infinite: what an int32 array stores. The processors disagree about casting those. */
export function finiteOrZero(builder: ModelBuilder, value: string, type: 'float32' | 'float64'): string {
  const finite = builder.op('Less', [builder.op('Abs', [value]), builder.scalar(type, Number.POSITIVE_INFINITY)])
  return builder.op('Where', [finite, value, builder.scalar(type, 0)])
}

/** A constant of one of the graph's types. */
export function filled(builder: ModelBuilder, dtype: Dtype, shape: readonly number[], value: number): string {
  const size = shape.reduce((a, b) => a * b, 1)
  return builder.constant(dtype, shape, new Array<number>(size).fill(value))
}
