/** Walking arrays of any rank. */
import { type Shape, sizeOf } from '../graph.ts'

/** Elements between neighbours along each axis, row-major. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis]!
  }
  return strides
}

/** Strides of an operand of `shape` inside a result of `out`: 0 along axes it is spread over. */
export function broadcastStrides(shape: Shape, out: Shape): number[] {
  const own = stridesOf(shape)
  const lead = out.length - shape.length
  return out.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]!))
}

/** For each element of `shape` in order, its offset under `strides`, from `base`. */
export function offsets(shape: Shape, strides: readonly number[], base = 0): Int32Array {
  const out = new Int32Array(sizeOf(shape))
  const index = new Array<number>(shape.length).fill(0)
  let offset = base
  for (let i = 0; i < out.length; i++) {
    out[i] = offset
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      offset += strides[axis]!
      if (index[axis]! < shape[axis]!) break
      offset -= index[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return out
}
