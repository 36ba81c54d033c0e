/** Operations that move values: shapes, slices, joins, rows by index. */
import { sizeOf } from '@reprise/compile'
import { type Output, TYPES } from '../tf-graph.ts'
import { filled, type Lower, reshape, select, T } from './context.ts'

export const lowerReshape: Lower<'reshape'> = ({ tf, node, values }) => reshape(tf, values[0]!, node.dtype, node.shape)

export const lowerBroadcast: Lower<'broadcast'> = ({ tf, node, values }) =>
  tf.op('BroadcastTo', [values[0]!, tf.vector(node.shape)], T(node.dtype))

export const lowerTranspose: Lower<'transpose'> = ({ tf, node, values }, { permutation }) =>
  tf.op('Transpose', [values[0]!, tf.vector(permutation)], T(node.dtype))

export const lowerSlice: Lower<'slice'> = ({ tf, node, values }, { begin, strides }) => {
  if (strides.every((stride) => stride === 1)) {
    return tf.op('Slice', [values[0]!, tf.vector(begin), tf.vector(node.shape)], {
      ...T(node.dtype),
      Index: { type: TYPES.int32 },
    })
  }
  const end = begin.map((from, axis) => from + strides[axis]! * (node.shape[axis]! - 1) + 1)
  return tf.op('StridedSlice', [values[0]!, tf.vector(begin), tf.vector(end), tf.vector(strides)], {
    ...T(node.dtype),
    Index: { type: TYPES.int32 },
  })
}

/** Results that are larger than this are joined piece by piece. */
const LARGE = 4096

/**
 * XLA computes a join inside what uses it, and on the processor does so element by element, choosing the piece for each:
 * for a gradient of 68 thousand elements that took longer than all its matrix products. Written into place they are
 * copied.
 */
export const lowerConcat: Lower<'concat'> = ({ tf, node, operands, values }, { axis }) => {
  if (sizeOf(node.shape) <= LARGE || !tf.onProcessor) {
    return tf.op('ConcatV2', [values, tf.scalar('int32', axis)], T(node.dtype))
  }
  let from = 0
  return values.reduce(
    (joined, piece, i) => {
      const start = tf.vector(node.shape.map((_, k) => (k === axis ? from : 0)))
      from += operands[i]!.shape[axis]!
      return tf.op('XlaDynamicUpdateSlice', [joined, piece, start], {
        ...T(node.dtype),
        Tindices: { type: TYPES.int32 },
      })
    },
    filled(tf, node.dtype, node.shape, 0),
  )
}

export const lowerPad: Lower<'pad'> = ({ tf, node, values }, { before, after, value }) => {
  const amounts = before.flatMap((count, axis) => [count, after[axis]!])
  const paddings = tf.constant('int32', [before.length, 2], Int32Array.from(amounts))
  return tf.op('PadV2', [values[0]!, paddings, tf.scalar(node.dtype, value)], T(node.dtype))
}

export const lowerReverse: Lower<'reverse'> = ({ tf, node, values }, { axes }) =>
  tf.op('ReverseV2', [values[0]!, tf.vector(axes)], T(node.dtype))

export const lowerGather: Lower<'gather'> = ({ tf, node, values }, { axis, batchDims }) =>
  tf.op('GatherV2', [values[0]!, values[1]!, tf.scalar('int32', axis)], {
    batch_dims: { int: batchDims },
    Tparams: { type: TYPES[node.dtype] },
    Tindices: { type: TYPES.int32 },
    Taxis: { type: TYPES.int32 },
  })

/** An index outside drops its row, as XLA's own scatter does. */
export const lowerScatterAdd: Lower<'scatterAdd'> = ({ tf, node, values }) =>
  tf.op('UnsortedSegmentSum', [values[0]!, values[1]!, tf.scalar('int32', node.shape[0]!)], {
    ...T(node.dtype),
    Tindices: { type: TYPES.int32 },
    Tnumsegments: { type: TYPES.int32 },
  })

export const lowerOneHot: Lower<'oneHot'> = ({ tf, node, operands, values }, { depth, on, off }) => {
  const { shape } = operands[0]!
  const classes = tf.constant(
    'int32',
    [depth],
    Int32Array.from({ length: depth }, (_, i) => i),
  )
  const column = reshape(tf, values[0]!, 'int32', [...shape, 1])
  const hits = tf.op('Equal', [column, classes], T('int32'))
  const [yes, no] = [on, off].map((value) => tf.scalar(node.dtype, node.dtype === 'bool' ? Number(value !== 0) : value))
  return select(tf, node.dtype, hits, yes as Output, no as Output)
}
