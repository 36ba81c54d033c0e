/** Pooling and its gradients: one slice per place in the window. */
import { backend_util } from '@tensorflow/tfjs-core'
import type { NodeId } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { sameShape } from '../infer.ts'
import { attribute, type Importers, type KernelCall } from './importer.ts'
import { scatterTap, windows } from './window.ts'

function info(call: KernelCall, shape: readonly number[]): backend_util.Conv2DInfo {
  return backend_util.computePool2DInfo(
    [...shape] as [number, number, number, number],
    attribute(call, 'filterSize'),
    attribute(call, 'strides'),
    1,
    attribute(call, 'pad'),
    call.attributes['dimRoundingMode'] as never,
  )
}

/** What the cpu backend takes for no pooling, whatever the strides and paddings that lead there. */
function isIdentity({ filterHeight, filterWidth, inShape, outShape }: backend_util.Conv2DInfo): boolean {
  return filterHeight === 1 && filterWidth === 1 && sameShape(inShape, outShape)
}

/** NaN is never larger, as on the cpu backend. */
function largest(g: GraphBuilder, values: readonly NodeId[]): NodeId {
  return values.reduce(
    (best, value) => g.select(g.binary('greater', value, best), value, best),
    g.scalar(Number.NEGATIVE_INFINITY),
  )
}

const sum = (g: GraphBuilder, terms: readonly NodeId[]): NodeId => terms.reduce((a, b) => g.binary('add', a, b))

export const pooling: Importers = {
  MaxPool: (g, call) => {
    const x = call.inputs['x']!
    const details = info(call, g.shape(x))
    if (isIdentity(details)) return x
    const taps = windows(g, g.cast(x, 'float32'), details, Number.NEGATIVE_INFINITY)
    const values = taps.map(({ window }) => window)
    return g.cast(largest(g, values), g.dtype(x))
  },
  AvgPool: (g, call) => {
    const x = call.inputs['x']!
    const details = info(call, g.shape(x))
    if (isIdentity(details)) return x
    const taps = windows(g, g.cast(x, 'float32'), details, 0)
    const total = sum(
      g,
      taps.map(({ window }) => window),
    )
    // Only elements inside the image count.
    const [, height, width] = details.outShape
    const counts = [...Array(height * width).keys()].map((i) => countInside(details, Math.floor(i / width), i % width))
    return g.cast(g.binary('div', total, g.constant(counts, [height, width, 1])), g.dtype(x))
  },
  MaxPoolGrad: (g, call) => {
    const [dy, x] = [call.inputs['dy']!, call.inputs['input']!]
    const details = info(call, g.shape(x))
    const taps = windows(g, x, details, Number.NEGATIVE_INFINITY)
    const best = largest(
      g,
      taps.map(({ window }) => window),
    )
    // The gradient goes to the first place that holds the largest value.
    let open = g.fill(1, g.shape(dy), 'bool')
    const terms = taps.map((tap) => {
      const first = g.binary('and', g.binary('equal', tap.window, best), open)
      open = g.binary('and', open, g.unary('not', first))
      return scatterTap(g, g.select(first, dy, g.scalar(0)), tap, details, g.shape(x))
    })
    return sum(g, terms)
  },
  AvgPoolGrad: (g, call) => {
    const [dy, x] = [call.inputs['dy']!, call.inputs['input']!]
    const details = info(call, g.shape(x))
    const { filterHeight, filterWidth } = details
    const share = g.binary('mul', dy, g.scalar(1 / (filterHeight * filterWidth)))
    const terms: NodeId[] = []
    for (let row = 0; row < filterHeight; row++) {
      for (let column = 0; column < filterWidth; column++) {
        terms.push(scatterTap(g, share, { row, column }, details, g.shape(x)))
      }
    }
    return sum(g, terms)
  },
}

function countInside(details: backend_util.Conv2DInfo, row: number, column: number): number {
  const inside = (at: number, stride: number, pad: number, size: number, length: number): number => {
    const start = at * stride - pad
    return Math.max(0, Math.min(length, start + size) - Math.max(0, start))
  }
  const { strideHeight, strideWidth, padInfo, filterHeight, filterWidth, inHeight, inWidth } = details
  return (
    inside(row, strideHeight, padInfo.top, filterHeight, inHeight) *
    inside(column, strideWidth, padInfo.left, filterWidth, inWidth)
  )
}
