/** Sliding windows over NHWC images. */
import type { NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'

/**
 * Pads or cuts `axis` so that windows of `size` (with `dilation`) at `stride` from `before` elements ahead of its start
 * are exactly `count`.
 */
export function fit(
  g: GraphBuilder,
  x: NodeId,
  axis: number,
  before: number,
  count: number,
  stride: number,
  size: number,
  dilation: number,
  value = 0,
): NodeId {
  const shape = g.shape(x)
  const needed = (count - 1) * stride + (size - 1) * dilation + 1
  const at = (amount: number): number[] => shape.map((_, i) => (i === axis ? amount : 0))
  // A negative amount cuts.
  const skip = Math.max(0, -before)
  const rest = g.slice(
    x,
    at(skip),
    shape.map((d, i) => (i === axis ? Math.min(d - skip, Math.max(0, needed - Math.max(0, before))) : d)),
  )
  const length = g.shape(rest)[axis]!
  const ahead = Math.max(0, before)
  return g.pad(rest, at(ahead), at(needed - ahead - length), value)
}

/** Puts `step` - 1 zeros between neighbours along `axis`. */
export function spreadApart(g: GraphBuilder, x: NodeId, axis: number, step: number): NodeId {
  if (step === 1) return x
  const shape = g.shape(x)
  const length = shape[axis]!
  const apart = [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]
  const padded = g.pad(
    g.reshape(x, apart),
    apart.map(() => 0),
    apart.map((_, i) => (i === axis + 1 ? step - 1 : 0)),
  )
  const joined = shape.map((d, i) => (i === axis ? d * step : d))
  const trimmed = shape.map((d, i) => (i === axis ? (length - 1) * step + 1 : d))
  return g.slice(
    g.reshape(padded, joined),
    shape.map(() => 0),
    trimmed,
  )
}

export interface WindowInfo {
  readonly filterHeight: number
  readonly filterWidth: number
  readonly strideHeight: number
  readonly strideWidth: number
  readonly dilationHeight: number
  readonly dilationWidth: number
  readonly padInfo: { readonly top: number; readonly left: number }
  readonly outShape: readonly number[]
}

export interface Tap {
  readonly row: number
  readonly column: number
  /** What every window sees at this place: [n, outHeight, outWidth, channels]. */
  readonly window: NodeId
}

/** For each place in the window, in row-major order, what all windows see there. Outside the image is `value`. */
export function windows(g: GraphBuilder, x: NodeId, info: WindowInfo, value: number): Tap[] {
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } = info
  const [n, , , channels] = g.shape(x) as [number, number, number, number]
  const [height, width] = [info.outShape[1]!, info.outShape[2]!]
  const tall = fit(g, x, 1, padInfo.top, height, strideHeight, filterHeight, dilationHeight, value)
  const whole = fit(g, tall, 2, padInfo.left, width, strideWidth, filterWidth, dilationWidth, value)
  const taps: Tap[] = []
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const begin = [0, row * dilationHeight, column * dilationWidth, 0]
      const strides = [1, strideHeight, strideWidth, 1]
      taps.push({ row, column, window: g.slice(whole, begin, [n, height, width, channels], strides) })
    }
  }
  return taps
}

/** The reverse: adds values of [n, outHeight, outWidth, channels] at one place of every window into an image. */
export function scatterTap(
  g: GraphBuilder,
  values: NodeId,
  tap: { readonly row: number; readonly column: number },
  info: WindowInfo,
  imageShape: readonly number[],
): NodeId {
  const place = (x: NodeId, axis: 1 | 2, stride: number, offset: number): NodeId => {
    const apart = spreadApart(g, x, axis, stride)
    // As many single elements as the image has, `offset` of them ahead of the first value.
    return fit(g, apart, axis, offset, imageShape[axis]!, 1, 1, 1)
  }
  const { padInfo, dilationHeight, dilationWidth } = info
  const rows = place(values, 1, info.strideHeight, tap.row * dilationHeight - padInfo.top)
  return place(rows, 2, info.strideWidth, tap.column * dilationWidth - padInfo.left)
}
