/**
 * The graph between a recording and the targets: static shapes and dtypes, single assignment, nodes in execution order.
 * Importers build it from TensorFlow.js kernels, passes rewrite it, targets lower it. Everything that a program does
 * is one of the operations below; a TensorFlow.js kernel that is none is built from several.
 *
 * Semantics are TensorFlow.js's (cpu backend): int32 wraps, integer division truncates towards zero or floors as its
 * operation says, NaN and infinities propagate as there, bool is 0 or 1.
 */

export type Dtype = 'float32' | 'int32' | 'bool'
export type Shape = readonly number[]
export type HostData = Float32Array | Int32Array | Uint8Array

export type UnaryOp =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sqrt'
  | 'rsqrt'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'sigmoid'
  | 'softplus'
  | 'erf'
  | 'not'
  | 'isNaN'
  | 'isFinite'
  | 'isInf'
/** Operands broadcast as in NumPy; both have one dtype. Comparisons give bool; `and`, `or` take and give bool. */
export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'floorDiv'
  | 'mod'
  | 'pow'
  | 'max'
  | 'min'
  | 'atan2'
  | 'equal'
  | 'notEqual'
  | 'less'
  | 'lessEqual'
  | 'greater'
  | 'greaterEqual'
  | 'and'
  | 'or'
export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all'

/** What an operation is, beside its operands. Axes are not negative; `axes` ascend; reductions drop their axes. */
export type Operation =
  /** Argument `name` of the function. */
  | { readonly op: 'input'; readonly name: string }
  /** A leaf of the program's state, by path. */
  | { readonly op: 'state'; readonly path: string }
  | { readonly op: 'constant'; readonly data: HostData }
  | { readonly op: 'unary'; readonly fn: UnaryOp }
  | { readonly op: 'binary'; readonly fn: BinaryOp }
  /** [condition (bool), a, b], all broadcast. */
  | { readonly op: 'select' }
  | { readonly op: 'cast' }
  | { readonly op: 'reduce'; readonly fn: ReduceOp; readonly axes: readonly number[] }
  /** int32 index of the first largest or smallest element along `axis`. */
  | { readonly op: 'argmax' | 'argmin'; readonly axis: number }
  /** [..., m, k] x [..., k, n], leading axes broadcast; transposes swap an operand's last two axes first. */
  | { readonly op: 'matmul'; readonly transposeA: boolean; readonly transposeB: boolean }
  /** float32; over the last axis. Passes make them out of their parts. */
  | { readonly op: 'softmax' | 'logSoftmax' }
  | { readonly op: 'reshape' }
  | { readonly op: 'broadcast' }
  | { readonly op: 'transpose'; readonly permutation: readonly number[] }
  | { readonly op: 'slice'; readonly begin: readonly number[]; readonly strides: readonly number[] }
  | { readonly op: 'concat'; readonly axis: number }
  | {
      readonly op: 'pad'
      readonly before: readonly number[]
      readonly after: readonly number[]
      readonly value: number
    }
  | { readonly op: 'reverse'; readonly axes: readonly number[] }
  /** [values, indices (int32)]: rows along `axis`; `batchDims` leading axes are shared. */
  | { readonly op: 'gather'; readonly axis: number; readonly batchDims: number }
  /** [values [n, ...], indices [n]]: sums rows into `shape[0]` rows; an index outside drops its row. */
  | { readonly op: 'scatterAdd' }
  /** [indices (int32)] -> [..., depth]. */
  | { readonly op: 'oneHot'; readonly depth: number; readonly on: number; readonly off: number }
  | { readonly op: 'cumsum' | 'cumprod'; readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean }
  /** NHWC x HWIO. */
  | {
      readonly op: 'conv2d'
      readonly strides: readonly [number, number]
      readonly dilations: readonly [number, number]
      readonly padding: readonly [top: number, bottom: number, left: number, right: number]
    }

export type OperationName = Operation['op']

/** Index of a node in `Graph.nodes`. */
export type NodeId = number

export interface Node {
  readonly operation: Operation
  readonly inputs: readonly NodeId[]
  readonly shape: Shape
  readonly dtype: Dtype
}

export interface Graph {
  /** In execution order: a node's inputs come before it. */
  readonly nodes: readonly Node[]
  /** Output name -> node. */
  readonly outputs: Readonly<Record<string, NodeId>>
  /** State path -> node whose value replaces that leaf after the call. Leaves that stay are absent. */
  readonly nextState: Readonly<Record<string, NodeId>>
}

export interface TensorSpec {
  readonly shape: Shape
  readonly dtype: Dtype
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1)
}
