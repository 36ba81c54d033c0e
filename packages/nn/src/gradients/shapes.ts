import {
  cast,
  concat,
  type GradConfig,
  pad,
  reshape,
  split,
  stack,
  sum,
  type Tensor,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core'

/** Kernels that move elements. */
export const shapes: readonly GradConfig[] = [
  toShapeOfInput('Reshape', 'x'),
  toShapeOfInput('ExpandDims', 'input'),
  { kernelName: 'Identity', gradFunc: (dy) => ({ x: () => cast(dy as Tensor, 'float32') }) },
  { kernelName: 'Cast', gradFunc: (dy) => ({ x: () => dy as Tensor }) },
  {
    kernelName: 'SplitV',
    gradFunc: (dy, _, attrs) => ({ x: () => concat(dy as Tensor[], attrs['axis'] as number) }),
  },
  {
    kernelName: 'Concat',
    saveAllInputs: true,
    gradFunc: (dy, saved, attrs) => {
      const axis = attrs['axis'] as number
      // All at once, here: what is made inside one of the functions is gone when the next one runs.
      const parts = split(
        dy as Tensor,
        saved.map((x) => x.shape[axis]!),
        axis,
      )
      return Object.fromEntries(parts.map((part, i) => [i, () => part]))
    },
  },
  {
    kernelName: 'Pack',
    gradFunc: (dy, _, attrs) => {
      const parts = unstack(dy as Tensor, attrs['axis'] as number)
      return Object.fromEntries(parts.map((part, i) => [i, () => part]))
    },
  },
  {
    kernelName: 'Unpack',
    gradFunc: (dy, _, attrs) => ({ value: () => stack(dy as Tensor[], attrs['axis'] as number) }),
  },
  {
    kernelName: 'Transpose',
    gradFunc: (dy, _, attrs) => {
      const perm = attrs['perm'] as number[]
      const inverse = perm.map((_, i) => perm.indexOf(i))
      return { x: () => transpose(dy as Tensor, inverse) }
    },
  },
  {
    kernelName: 'Slice',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const x = saved[0]!
      const begin = ([] as number[]).concat(attrs['begin'] as number | number[])
      const size = (dy as Tensor).shape
      return {
        x: () =>
          pad(
            dy as Tensor,
            x.shape.map((n, i) => [begin[i] ?? 0, n - (begin[i] ?? 0) - size[i]!]),
          ),
      }
    },
  },
  {
    kernelName: 'Tile',
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const x = saved[0]!
      const reps = attrs['reps'] as number[]
      // [r0, n0, r1, n1, ...]: the repetitions become axes of their own, and are summed over.
      return {
        x: () =>
          sum(
            reshape(
              dy as Tensor,
              x.shape.flatMap((n, i) => [reps[i]!, n]),
            ),
            x.shape.map((_, i) => 2 * i),
          ),
      }
    },
  },
  {
    kernelName: 'AddN',
    saveAllInputs: true,
    gradFunc: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => dy as Tensor])),
  },
]

function toShapeOfInput(kernelName: string, input: string): GradConfig {
  return {
    kernelName,
    inputsToSave: [input],
    gradFunc: (dy, saved) => ({ [input]: () => reshape(dy as Tensor, saved[0]!.shape) }),
  }
}
