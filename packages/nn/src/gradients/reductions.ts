import { cumsum, equal, fill, type GradConfig, mul, ones, reshape, sub, sum, type Tensor } from '@tensorflow/tfjs-core'
import { factor } from './reduce-to.ts'

/** Kernels that sum or compare along axes. */
export const reductions: readonly GradConfig[] = [
  {
    kernelName: 'Sum',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => ({ x: () => spread(dy as Tensor, saved[0]!, axesOf(attrs, 'axis', saved[0]!), 1) }),
  },
  {
    kernelName: 'Mean',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => ({
      x: () => {
        const x = saved[0]!
        const axes = axesOf(attrs, 'axis', x)
        return spread(dy as Tensor, x, axes, 1 / axes.reduce((n, axis) => n * x.shape[axis]!, 1))
      },
    }),
  },
  {
    kernelName: 'Max',
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => ({
      x: () => toExtreme(dy as Tensor, saved as [Tensor, Tensor], attrs, 'reductionIndices'),
    }),
  },
  {
    kernelName: 'Min',
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs) => ({ x: () => toExtreme(dy as Tensor, saved as [Tensor, Tensor], attrs, 'axis') }),
  },
  {
    kernelName: 'Cumsum',
    gradFunc: (dy, _, attrs) => {
      const { axis, exclusive, reverse } = attrs as unknown as { axis: number; exclusive: boolean; reverse: boolean }
      return { x: () => cumsum(dy as Tensor, axis, exclusive, !reverse) }
    },
  },
  {
    kernelName: 'Softmax',
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({
      logits: () => {
        const y = saved[0]!
        const weighted = mul(dy as Tensor, y)
        return sub(weighted, mul(sum(weighted, -1, true), y))
      },
    }),
  },
]

type Attributes = Readonly<Record<string, unknown>>

function axesOf(attrs: unknown, key: string, x: Tensor): number[] {
  const axis = (attrs as Attributes)[key] as number | number[] | null | undefined
  if (axis === null || axis === undefined) return x.shape.map((_, i) => i)
  return (Array.isArray(axis) ? axis : [axis]).map((a) => (a < 0 ? a + x.rank : a))
}

/** dy with the reduced axes back as 1. */
function expanded(dy: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return reshape(
    dy,
    x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  )
}

function spread(dy: Tensor, x: Tensor, axes: readonly number[], scale: number): Tensor {
  return mul(expanded(dy, x, axes), scale === 1 ? ones(x.shape) : fill(x.shape, scale))
}

/** To every element that equals the extreme, as in TensorFlow.js. */
function toExtreme(dy: Tensor, [x, y]: [Tensor, Tensor], attrs: unknown, key: string): Tensor {
  const axes = axesOf(attrs, key, x)
  return mul(expanded(dy, x, axes), factor(equal(x, expanded(y, x, axes))))
}
