/** Reductions along axes, argmax and argmin, softmax. */
import type { Dtype, ReduceOp } from '../../graph.ts'
import type { ModelBuilder } from '../builder.ts'
import { filled, type Lower, type LowerContext } from './context.ts'

/** Shorter rows are reduced by one variadic Max over their columns, which keeps NaN. */
const COLUMNS = 16

/** What a reduction over nothing gives, as stored in an array of the type. */
function emptyValue(fn: ReduceOp, dtype: Dtype): number {
  if (fn === 'prod' || fn === 'all') return 1
  if (fn === 'sum' || fn === 'any' || dtype === 'int32') return 0
  return fn === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

export const lowerReduce: Lower<'reduce'> = (context, { fn, axes }) => {
  const { builder: b, node, names, operands } = context
  const x = names[0]!
  const shape = operands[0]!.shape
  if (shape.includes(0)) return filled(b, node.dtype, node.shape, emptyValue(fn, node.dtype))
  if (axes.length === 0) return x
  switch (fn) {
    case 'sum':
      return b.op('ReduceSum', [x, b.int64s(axes)], { keepdims: { int: 0 } })
    case 'prod':
      return reduceBy(b, 'ReduceProd', x, axes)
    case 'any':
    case 'all': {
      const counts = b.cast(x, 'int32')
      return b.cast(reduceBy(b, fn === 'any' ? 'ReduceMax' : 'ReduceMin', counts, axes), 'bool')
    }
    case 'max':
    case 'min':
      return extremum(context, fn, axes)
  }
}

/** Axes are an attribute until opset 18 (an input for ReduceSum alone). */
function reduceBy(b: ModelBuilder, op: string, x: string, axes: readonly number[]): string {
  return b.op(op, [x], { axes: { ints: axes }, keepdims: { int: 0 } })
}

/** ONNX Runtime's ReduceMax and ReduceMin lose NaN; TensorFlow.js keeps it. */
function extremum({ builder: b, node, names, operands }: LowerContext, fn: 'max' | 'min', axes: readonly number[]) {
  const x = names[0]!
  const shape = operands[0]!.shape
  const op = fn === 'max' ? 'ReduceMax' : 'ReduceMin'
  if (node.dtype === 'int32') return reduceBy(b, op, x, axes)
  const width = shape[axes[0]!]!
  if (axes.length === 1 && width <= COLUMNS) {
    if (width === 1) return b.reshape(x, node.shape)
    const columns = b.multi('Split', [x], width, { axis: { int: axes[0]! } })
    return b.reshape(b.op(fn === 'max' ? 'Max' : 'Min', columns), node.shape)
  }
  const anyNaN = b.cast(reduceBy(b, 'ReduceMax', b.cast(b.op('IsNaN', [x]), 'int32'), axes), 'bool')
  return b.op('Where', [anyNaN, b.scalar('float32', Number.NaN), reduceBy(b, op, x, axes)])
}

/**
 * The first of equals, as in TensorFlow.js, where a NaN in front stays the answer and others never are. What ONNX Runtime
 * makes of NaN depends on shape and version, so NaN becomes the best value in front and the worst elsewhere.
 */
export const lowerArg: Lower<'argmax' | 'argmin'> = ({ builder: b, node, names, operands }, { op, axis }) => {
  const { shape, dtype } = operands[0]!
  if (shape.includes(0)) return filled(b, 'int32', node.shape, 0)
  let x = names[0]!
  if (dtype === 'float32') {
    const best = op === 'argmax' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    const width = shape[axis]!
    const inFront = new Float32Array(width).fill(-best)
    inFront[0] = best
    const replacement = b.constant(
      'float32',
      shape.map((_, i) => (i === axis ? width : 1)),
      inFront,
    )
    x = b.op('Where', [b.op('IsNaN', [x]), replacement, x])
  }
  const found = b.op(op === 'argmax' ? 'ArgMax' : 'ArgMin', [x], { axis: { int: axis }, keepdims: { int: 0 } })
  return b.cast(found, 'int32')
}

export const lowerSoftmax: Lower<'softmax' | 'logSoftmax'> = ({ builder: b, names }, { op }) =>
  b.op(op === 'softmax' ? 'Softmax' : 'LogSoftmax', [names[0]!], { axis: { int: -1 } })
