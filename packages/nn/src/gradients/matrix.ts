import { type GradConfig, matMul, type Tensor, transpose } from '@tensorflow/tfjs-core'

/** C = A B, with A or B transposed by attribute. */
export const matrix: readonly GradConfig[] = [
  {
    kernelName: 'BatchMatMul',
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved as [Tensor, Tensor]
      const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean }
      const d = dy as Tensor
      return {
        a: () => {
          const da = matMul(d, transposeB ? b : swap(b))
          return transposeA ? swap(da) : da
        },
        b: () => {
          const db = matMul(transposeA ? a : swap(a), d)
          return transposeB ? swap(db) : db
        },
      }
    },
  },
]

function swap(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i)
  axes.push(...axes.splice(-2).reverse())
  return transpose(x, axes)
}
