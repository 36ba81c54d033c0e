/** Operations that combine many values: sums, positions of extremes, products of matrices, convolutions. */
import type { Output } from '../tf-graph.ts'
import { TYPES } from '../tf-graph.ts'
import { type Lower, reshape, select, T } from './context.ts'

const REDUCE = { sum: 'Sum', prod: 'Prod', max: 'Max', min: 'Min', any: 'Any', all: 'All' } as const

export const lowerReduce: Lower<'reduce'> = ({ tf, node, values }, { fn, axes }) => {
  const index = { Tidx: { type: TYPES.int32 }, keep_dims: { bool: false } }
  const [x] = values as [Output]
  const over = tf.vector(axes)
  if (node.dtype === 'bool') return tf.op(REDUCE[fn], [x, over], index)
  const result = tf.op(REDUCE[fn], [x, over], { ...T(node.dtype), ...index })
  if (node.dtype === 'int32' || fn === 'sum' || fn === 'prod') return result
  // XLA's vector code for the processor loses a NaN here and there.
  const missing = tf.op('Any', [tf.op('IsNan', [x], T('float32')), over], index)
  return select(tf, 'float32', missing, tf.scalar('float32', Number.NaN), result)
}

/** NaN is never larger or smaller than what is first, and nothing is larger or smaller than a NaN that is first. */
export const lowerArg: Lower<'argmax' | 'argmin'> = ({ tf, operands, values }, { op, axis }) => {
  const { dtype, shape } = operands[0]!
  const [x] = values as [Output]
  const find = (from: Output): Output =>
    tf.op(op === 'argmax' ? 'ArgMax' : 'ArgMin', [from, tf.scalar('int32', axis)], {
      ...T(dtype),
      Tidx: { type: TYPES.int32 },
      output_type: { type: TYPES.int32 },
    })
  if (dtype !== 'float32') return find(x)
  const worst = tf.scalar('float32', op === 'argmax' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
  const missing = tf.op('IsNan', [x], T('float32'))
  const found = find(select(tf, 'float32', missing, worst, x))
  const begin = shape.map(() => 0)
  const size = shape.map((length, i) => (i === axis ? 1 : length))
  const slice = tf.op('Slice', [missing, tf.vector(begin), tf.vector(size)], {
    ...T('bool'),
    Index: { type: TYPES.int32 },
  })
  const first = reshape(
    tf,
    slice,
    'bool',
    shape.filter((_, i) => i !== axis),
  )
  return select(tf, 'int32', first, tf.scalar('int32', 0), found)
}

export const lowerMatmul: Lower<'matmul'> = ({ tf, node, operands, values }, { transposeA, transposeB }) => {
  if (operands[0]!.shape.length === 2 && operands[1]!.shape.length === 2) {
    return tf.op('MatMul', [...values], {
      ...T(node.dtype),
      transpose_a: { bool: transposeA },
      transpose_b: { bool: transposeB },
    })
  }
  return tf.op('BatchMatMulV2', [...values], {
    ...T(node.dtype),
    adj_x: { bool: transposeA },
    adj_y: { bool: transposeB },
  })
}

export const lowerSoftmax: Lower<'softmax' | 'logSoftmax'> = ({ tf, node, values }, { op }) =>
  tf.op(op === 'softmax' ? 'Softmax' : 'LogSoftmax', [values[0]!], T(node.dtype))

export const lowerCumulative: Lower<'cumsum' | 'cumprod'> = ({ tf, node, values }, { op, axis, exclusive, reverse }) =>
  tf.op(op === 'cumsum' ? 'Cumsum' : 'Cumprod', [values[0]!, tf.scalar('int32', axis)], {
    ...T(node.dtype),
    Tidx: { type: TYPES.int32 },
    exclusive: { bool: exclusive },
    reverse: { bool: reverse },
  })

export const lowerConv2d: Lower<'conv2d'> = ({ tf, values }, { strides, dilations, padding }) => {
  const none = padding.every((amount) => amount === 0)
  return tf.op('Conv2D', [...values], {
    ...T('float32'),
    strides: { ints: [1, ...strides, 1] },
    dilations: { ints: [1, ...dilations, 1] },
    padding: { string: none ? 'VALID' : 'EXPLICIT' },
    ...(none ? {} : { explicit_paddings: { ints: [0, 0, ...padding, 0, 0] } }),
    data_format: { string: 'NHWC' },
  })
}
