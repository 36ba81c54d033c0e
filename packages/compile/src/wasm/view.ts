/** Strided views of a node's dense storage: what movement operations are until something needs them dense. */
import type { NodeId, Operation, Shape } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { broadcastStrides, stridesOf } from '../interpreter/strides.ts'

/** Element (i0, i1, ...) lies at `offset + i0 strides[0] + i1 strides[1] + ...` of node `root`. */
export interface View {
  readonly root: NodeId
  readonly offset: number
  readonly shape: Shape
  readonly strides: readonly number[]
}

/** An axis of a walk. */
export interface Axis {
  readonly size: number
  readonly stride: number
}

export function denseView(root: NodeId, shape: Shape, offset = 0): View {
  return { root, offset, shape, strides: stridesOf(shape) }
}

/** The view's axes without those of size 1, neighbours merged where they walk on evenly. */
export function collapse(shape: Shape, strides: readonly number[]): Axis[] {
  const axes: Axis[] = []
  shape.forEach((size, axis) => {
    if (size === 1) return
    const stride = strides[axis]!
    const last = axes.at(-1)
    if (last !== undefined && last.stride === stride * size) axes[axes.length - 1] = { size: last.size * size, stride }
    else axes.push({ size, stride })
  })
  return axes
}

/** Elements in row-major order without gaps: an alias of its root. */
export function isDense(view: View): boolean {
  const axes = collapse(view.shape, view.strides)
  return sizeOf(view.shape) === 0 || axes.length === 0 || (axes.length === 1 && axes[0]!.stride === 1)
}

/** What a movement operation makes of its operand's view, or undefined where strides cannot express it. */
export function moved(view: View, operation: Operation, shape: Shape): View | undefined {
  const { root, strides } = view
  switch (operation.op) {
    case 'reshape': {
      const reshaped = reshape(view, shape)
      return reshaped === undefined ? undefined : { ...view, shape, strides: reshaped }
    }
    case 'broadcast': {
      const lead = shape.length - view.shape.length
      const spread = shape.map((_, axis) => (axis < lead || view.shape[axis - lead] === 1 ? 0 : strides[axis - lead]!))
      return { ...view, shape, strides: spread }
    }
    case 'transpose':
      return { ...view, shape, strides: operation.permutation.map((axis) => strides[axis]!) }
    case 'slice': {
      const offset = strides.reduce((sum, s, axis) => sum + s * operation.begin[axis]!, view.offset)
      return { root, offset, shape, strides: strides.map((s, axis) => s * operation.strides[axis]!) }
    }
    case 'reverse': {
      const flips = (axis: number): boolean => operation.axes.includes(axis)
      const end = (axis: number): number => strides[axis]! * Math.max(0, shape[axis]! - 1)
      const offset = strides.reduce((sum, _, axis) => sum + (flips(axis) ? end(axis) : 0), view.offset)
      return { root, offset, shape, strides: strides.map((s, axis) => (flips(axis) ? -s : s)) }
    }
    default:
      return undefined
  }
}

/** Strides of the same elements under another shape; undefined where an axis would have two. */
function reshape(view: View, shape: Shape): number[] | undefined {
  const size = sizeOf(shape)
  if (size <= 1) return shape.map(() => 0)
  const axes = collapse(view.shape, view.strides).reverse()
  const strides = new Array<number>(shape.length).fill(0)
  let at = 0
  let taken = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 1) continue
    const from = axes[at]
    if (from === undefined || from.size % (taken * shape[axis]!) !== 0) return undefined
    strides[axis] = from.stride * taken
    taken *= shape[axis]!
    if (taken === from.size) {
      at++
      taken = 1
    }
  }
  return strides
}

/** Strides of an operand's view under the result's shape, broadcast as in NumPy. */
export function operandStrides(view: View, shape: Shape): number[] {
  const spread = broadcastStrides(view.shape, shape)
  const lead = shape.length - view.shape.length
  return spread.map((s, axis) => (s === 0 ? 0 : view.strides[axis - lead]!))
}

/**
 * One set of axes that every walk can be written in: sizes, outermost first, and each walk's strides; undefined where
 * their sizes do not nest. All walks have `total` elements.
 */
export function refine(
  walks: readonly (readonly Axis[])[],
  total: number,
): { sizes: number[]; strides: number[][] } | undefined {
  const boundaries = new Set([1, total])
  for (const axes of walks) {
    let product = 1
    for (const axis of [...axes].reverse()) {
      product *= axis.size
      boundaries.add(product)
    }
  }
  const ordered = [...boundaries].sort((a, b) => a - b)
  const sizes: number[] = []
  for (let i = 1; i < ordered.length; i++) {
    if (ordered[i]! % ordered[i - 1]! !== 0) return undefined
    sizes.unshift(ordered[i]! / ordered[i - 1]!)
  }
  const strides = walks.map((axes) => {
    const out = new Array<number>(sizes.length).fill(0)
    let level = sizes.length - 1
    for (const axis of [...axes].reverse()) {
      let taken = 1
      while (taken < axis.size) {
        out[level] = axis.stride * taken
        taken *= sizes[level]!
        level--
      }
    }
    return out
  })
  return { sizes, strides }
}
