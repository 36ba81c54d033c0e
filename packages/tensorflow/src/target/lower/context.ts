/** What a lowering sees of the node it lowers, and helpers that several families share. */
import type { Dtype, Graph, HostData, Node, Operation, OperationName } from '@reprise/compile'
import { type Attribute, type Output, type TfGraph, TYPES, type Type } from '../tf-graph.ts'

export interface LowerContext {
  readonly graph: Graph
  readonly tf: TfGraph
  readonly node: Node
  /** The node's operands, there and here. */
  readonly operands: readonly Node[]
  readonly values: readonly Output[]
}

/** The variant of `Operation` that `Name` belongs to; some variants have several names. */
export type OperationOf<Name extends OperationName> = Extract<VariantOf<Operation, Name>, Operation>
type VariantOf<O extends Operation, Name> = O extends unknown ? (Name extends O['op'] ? O : never) : never

/** Appends TensorFlow nodes for one node of the graph and gives their result. */
export type Lower<Name extends OperationName> = (context: LowerContext, operation: OperationOf<Name>) => Output

/** The attribute by which most operations are told a type. */
export const T = (dtype: Type): { T: Attribute } => ({ T: { type: TYPES[dtype] } })

export function cast(tf: TfGraph, x: Output, from: Type, to: Type): Output {
  return tf.op('Cast', [x], { SrcT: { type: TYPES[from] }, DstT: { type: TYPES[to] } })
}

export function reshape(tf: TfGraph, x: Output, dtype: Dtype, shape: readonly number[]): Output {
  return tf.op('Reshape', [x, tf.vector(shape)], T(dtype))
}

export function select(tf: TfGraph, dtype: Type, condition: Output, yes: Output, no: Output): Output {
  return tf.op('SelectV2', [condition, yes, no], T(dtype))
}

/** `value` everywhere. */
export function filled(tf: TfGraph, dtype: Dtype, shape: readonly number[], value: number): Output {
  return tf.op('Fill', [tf.vector(shape), tf.scalar(dtype, value)], T(dtype))
}

/**
 * As JavaScript stores a number in an Int32Array: truncated, modulo 2^32; 0 for what is not finite. By way of int64,
 * whose low half is the answer.
 * @param x float64
 */
export function storeInt32(tf: TfGraph, x: Output): Output {
  const finite = tf.op('IsFinite', [x], T('float64'))
  const known = select(tf, 'float64', finite, x, tf.scalar('float64', 0))
  // What int64 cannot hold: the remainder first.
  const low = tf.op('TruncateMod', [known, tf.scalar('float64', 2 ** 32)], T('float64'))
  return cast(tf, cast(tf, low, 'float64', 'int64'), 'int64', 'int32')
}

/** The data of an operand that is a constant, also behind a reshape or a broadcast. */
export function constantData(graph: Graph, node: Node): HostData | undefined {
  let at = node
  while (at.operation.op === 'reshape' || at.operation.op === 'broadcast') at = graph.nodes[at.inputs[0]!]!
  return at.operation.op === 'constant' ? at.operation.data : undefined
}
