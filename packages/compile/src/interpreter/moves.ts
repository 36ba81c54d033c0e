/** Operations that move values without arithmetic, and those that add up rows. */
import type { HostData, Node, Operation, Shape } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { arrayFor } from '../infer.ts'
import { offsets, stridesOf } from './strides.ts'

type Op<K extends Operation['op']> = Extract<Operation, { op: K }>

/** Takes the element at each offset of `at`. */
export function take(values: HostData, at: Int32Array, node: Node): HostData {
  const out = arrayFor(node.dtype, at.length)
  for (let i = 0; i < at.length; i++) out[i] = values[at[i]!]!
  return out
}

export function transposed(operation: Op<'transpose'>, node: Node, x: HostData, shape: Shape): HostData {
  const own = stridesOf(shape)
  const strides = operation.permutation.map((axis) => own[axis]!)
  return take(x, offsets(node.shape, strides), node)
}

export function sliced(operation: Op<'slice'>, node: Node, x: HostData, shape: Shape): HostData {
  const own = stridesOf(shape)
  const strides = own.map((s, axis) => s * operation.strides[axis]!)
  const base = own.reduce((sum, s, axis) => sum + s * operation.begin[axis]!, 0)
  return take(x, offsets(node.shape, strides, base), node)
}

export function reversed(operation: Op<'reverse'>, node: Node, x: HostData): HostData {
  const own = stridesOf(node.shape)
  const flips = (axis: number): boolean => operation.axes.includes(axis)
  const strides = own.map((s, axis) => (flips(axis) ? -s : s))
  const base = own.reduce((sum, s, axis) => sum + (flips(axis) ? s * (node.shape[axis]! - 1) : 0), 0)
  return take(x, offsets(node.shape, strides, base), node)
}

export function padded(operation: Op<'pad'>, node: Node, x: HostData, shape: Shape): HostData {
  const out = arrayFor(node.dtype, sizeOf(node.shape)).fill(operation.value)
  const own = stridesOf(node.shape)
  const base = own.reduce((sum, s, axis) => sum + s * operation.before[axis]!, 0)
  const at = offsets(shape, own, base)
  for (let i = 0; i < at.length; i++) out[at[i]!] = x[i]!
  return out
}

export function concatenated(operation: Op<'concat'>, node: Node, parts: readonly HostData[]): HostData {
  const out = arrayFor(node.dtype, sizeOf(node.shape))
  const outer = sizeOf(node.shape.slice(0, operation.axis))
  const row = outer === 0 ? 0 : out.length / outer
  let column = 0
  for (const part of parts) {
    const width = outer === 0 ? 0 : part.length / outer
    for (let i = 0; i < outer; i++) out.set(part.subarray(i * width, (i + 1) * width), i * row + column)
    column += width
  }
  return out
}

/** An index outside gives zeros; targets may give anything there, but never read outside. */
export function gathered(
  operation: Op<'gather'>,
  node: Node,
  [values, indices]: readonly [HostData, HostData],
  [shape, indexShape]: readonly [Shape, Shape],
): HostData {
  const { axis, batchDims } = operation
  const batch = sizeOf(shape.slice(0, batchDims))
  const outer = sizeOf(shape.slice(batchDims, axis))
  const length = shape[axis]!
  const inner = sizeOf(shape.slice(axis + 1))
  const picks = sizeOf(indexShape.slice(batchDims))
  const out = arrayFor(node.dtype, sizeOf(node.shape))
  let to = 0
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < outer; o++) {
      for (let p = 0; p < picks; p++) {
        const row = indices[b * picks + p]!
        const from = ((b * outer + o) * length + row) * inner
        if (row >= 0 && row < length) out.set(values.subarray(from, from + inner), to)
        to += inner
      }
    }
  }
  return out
}

export function scattered(node: Node, values: HostData, indices: HostData): HostData {
  const width = sizeOf(node.shape.slice(1))
  const rows = node.shape[0]!
  const sums = new Float64Array(rows * width)
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!
    if (row < 0 || row >= rows) continue
    for (let j = 0; j < width; j++) sums[row * width + j]! += values[i * width + j]!
  }
  const out = arrayFor(node.dtype, sums.length)
  for (let i = 0; i < out.length; i++) out[i] = sums[i]!
  return out
}

export function oneHot(operation: Op<'oneHot'>, node: Node, indices: HostData): HostData {
  const { depth, on, off } = operation
  const out = arrayFor(node.dtype, sizeOf(node.shape)).fill(off)
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!
    if (index >= 0 && index < depth) out[i * depth + index] = on
  }
  return out
}
