/** Reductions, cumulative operations, softmax, matrix product and convolution: sums in double precision. */
import type { HostData, Node, Operation, ReduceOp, Shape } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { arrayFor } from '../infer.ts'
import { broadcastStrides, offsets, stridesOf } from './strides.ts'

type Op<K extends Operation['op']> = Extract<Operation, { op: K }>

const REDUCE: Readonly<Record<ReduceOp, (values: HostData, at: Int32Array, base: number) => number>> = {
  sum: (values, at, base) => at.reduce((sum, o) => sum + values[base + o]!, 0),
  prod: (values, at, base) => at.reduce((product, o) => product * values[base + o]!, 1),
  max: (values, at, base) => at.reduce((best, o) => Math.max(best, values[base + o]!), Number.NEGATIVE_INFINITY),
  min: (values, at, base) => at.reduce((best, o) => Math.min(best, values[base + o]!), Number.POSITIVE_INFINITY),
  any: (values, at, base) => (at.some((o) => values[base + o]! !== 0) ? 1 : 0),
  all: (values, at, base) => (at.every((o) => values[base + o]! !== 0) ? 1 : 0),
}

export function reduced(operation: Op<'reduce'>, node: Node, x: HostData, shape: Shape): HostData {
  const { bases, inside } = reductionOffsets(shape, operation.axes)
  const out = arrayFor(node.dtype, bases.length)
  // A typed array's reduce keeps its accumulator a number, so int32 sums wrap once, when stored, as in TensorFlow.js.
  for (let i = 0; i < out.length; i++) out[i] = REDUCE[operation.fn](x, inside, bases[i]!)
  return out
}

export function arg(operation: Op<'argmax' | 'argmin'>, x: HostData, shape: Shape): HostData {
  const { bases, inside } = reductionOffsets(shape, [operation.axis])
  const better = operation.op === 'argmax' ? (a: number, b: number) => a > b : (a: number, b: number) => a < b
  return Int32Array.from(bases, (base) => {
    let best = 0
    for (let j = 1; j < inside.length; j++) if (better(x[base + inside[j]!]!, x[base + inside[best]!]!)) best = j
    return best
  })
}

export function cumulative(operation: Op<'cumsum' | 'cumprod'>, node: Node, x: HostData): HostData {
  const { bases, inside } = reductionOffsets(node.shape, [operation.axis])
  const out = arrayFor(node.dtype, x.length)
  const product = operation.op === 'cumprod'
  const order = operation.reverse ? inside.slice().reverse() : inside
  for (const base of bases) {
    let previous = product ? 1 : 0
    for (let j = 0; j < order.length; j++) {
      const at = base + order[j]!
      const value = operation.exclusive ? (j === 0 ? (product ? 1 : 0) : x[base + order[j - 1]!]!) : x[at]!
      out[at] = product ? previous * value : previous + value
      previous = out[at]!
    }
  }
  return out
}

/** Stable: the largest of each row is subtracted first. */
export function softmax(log: boolean, node: Node, x: HostData): HostData {
  const width = node.shape[node.shape.length - 1]!
  const out = new Float32Array(x.length)
  for (let base = 0; base < x.length; base += width) {
    let largest = Number.NEGATIVE_INFINITY
    for (let j = 0; j < width; j++) largest = Math.max(largest, x[base + j]!)
    let sum = 0
    for (let j = 0; j < width; j++) sum += Math.exp(x[base + j]! - largest)
    for (let j = 0; j < width; j++) {
      const shifted = x[base + j]! - largest
      out[base + j] = log ? shifted - Math.log(sum) : Math.exp(shifted) / sum
    }
  }
  return out
}

export function matmul(
  operation: Op<'matmul'>,
  node: Node,
  [a, b]: readonly [HostData, HostData],
  [shapeA, shapeB]: readonly [Shape, Shape],
): HostData {
  const rank = node.shape.length
  const [m, n] = node.shape.slice(-2) as [number, number]
  const k = shapeA[shapeA.length - (operation.transposeA ? 2 : 1)]!
  const lead = node.shape.slice(0, rank - 2)
  const startsOf = (shape: Shape): Int32Array => {
    const size = sizeOf(shape.slice(-2))
    return offsets(lead, broadcastStrides(shape.slice(0, -2), lead)).map((o) => o * size)
  }
  const startsA = startsOf(shapeA)
  const startsB = startsOf(shapeB)
  const [rowA, stepA] = operation.transposeA ? [1, m] : [k, 1]
  const [columnB, stepB] = operation.transposeB ? [k, 1] : [1, n]
  const out = new Float32Array(sizeOf(node.shape))
  for (let batch = 0, to = 0; batch < startsA.length; batch++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++, to++) {
        let at = startsA[batch]! + i * rowA
        let bt = startsB[batch]! + j * columnB
        let sum = 0
        for (let p = 0; p < k; p++, at += stepA, bt += stepB) sum += a[at]! * b[bt]!
        out[to] = sum
      }
    }
  }
  return out
}

export function conv2d(
  operation: Op<'conv2d'>,
  node: Node,
  [x, filter]: readonly [HostData, HostData],
  [shape, filterShape]: readonly [Shape, Shape],
): HostData {
  const [n, outHeight, outWidth, outChannels] = node.shape as [number, number, number, number]
  const [, height, width, channels] = shape as [number, number, number, number]
  const [kernelHeight, kernelWidth] = filterShape as [number, number]
  const [top, , left] = operation.padding
  const out = new Float32Array(sizeOf(node.shape))
  let to = 0
  for (let image = 0; image < n; image++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        for (let channel = 0; channel < outChannels; channel++, to++) {
          let sum = 0
          for (let i = 0; i < kernelHeight; i++) {
            const y = row * operation.strides[0] - top + i * operation.dilations[0]
            if (y < 0 || y >= height) continue
            for (let j = 0; j < kernelWidth; j++) {
              const z = column * operation.strides[1] - left + j * operation.dilations[1]
              if (z < 0 || z >= width) continue
              const from = ((image * height + y) * width + z) * channels
              const weight = (i * kernelWidth + j) * channels * outChannels + channel
              for (let c = 0; c < channels; c++) sum += x[from + c]! * filter[weight + c * outChannels]!
            }
          }
          out[to] = sum
        }
      }
    }
  }
  return out
}

/** Where each result's elements start, and their offsets from there. */
function reductionOffsets(shape: Shape, axes: readonly number[]): { bases: Int32Array; inside: Int32Array } {
  const own = stridesOf(shape)
  const pick = (keep: (axis: number) => boolean): Int32Array =>
    offsets(
      shape.filter((_, axis) => keep(axis)),
      own.filter((_, axis) => keep(axis)),
    )
  return { bases: pick((axis) => !axes.includes(axis)), inside: pick((axis) => axes.includes(axis)) }
}
