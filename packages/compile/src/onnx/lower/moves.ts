/** Operations that only move elements. */
import type { Lower } from './context.ts'

export const lowerReshape: Lower<'reshape'> = ({ builder, node, names }) => builder.reshape(names[0]!, node.shape)

export const lowerBroadcast: Lower<'broadcast'> = ({ builder, node, names }) =>
  builder.op('Expand', [names[0]!, builder.int64s(node.shape)])

export const lowerTranspose: Lower<'transpose'> = ({ builder, names }, { permutation }) =>
  builder.transpose(names[0]!, permutation)

export const lowerSlice: Lower<'slice'> = ({ builder, node, names }, { begin, strides }) =>
  node.shape.length === 0 ? names[0]! : builder.slice(names[0]!, begin, node.shape, strides)

export const lowerReverse: Lower<'reverse'> = ({ builder, node, names }, { axes }) => {
  if (axes.length === 0) return names[0]!
  const flips = node.shape.map((_, axis) => axes.includes(axis))
  const begins = node.shape.map((d, axis) => (flips[axis] ? d - 1 : 0))
  return builder.slice(
    names[0]!,
    begins,
    node.shape,
    flips.map((flip) => (flip ? -1 : 1)),
  )
}

/** Operands without elements are left out: ONNX Runtime's kernels are not all at ease with them. */
export const lowerConcat: Lower<'concat'> = ({ builder, names, operands }, { axis }) => {
  const parts = names.filter((_, i) => !operands[i]!.shape.includes(0))
  return parts.length === 1 ? parts[0]! : builder.op('Concat', parts, { axis: { int: axis } })
}

export const lowerPad: Lower<'pad'> = ({ builder, node, names }, { before, after, value }) =>
  node.shape.length === 0
    ? names[0]!
    : builder.op('Pad', [names[0]!, builder.int64s([...before, ...after]), builder.scalar(node.dtype, value)], {
        mode: { string: 'constant' },
      })
