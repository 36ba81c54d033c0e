import { cast, matMul, ones, reshape, sum, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core'

/** A gradient summed over the axes along which an input of `shape` was broadcast. */
export function reduceTo(dy: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(dy.shape, shape)) return dy
  const lead = dy.rank - shape.length
  const axes: number[] = []
  for (let axis = 0; axis < dy.rank; axis++) {
    if (axis < lead || (shape[axis - lead] === 1 && dy.shape[axis] !== 1)) axes.push(axis)
  }
  if (axes.length === 0) return reshape(dy, shape as number[])
  return reshape(
    dy.rank === 2 && axes.length === 1 && axes[0] === 0 ? columnSums(dy) : sum(dy, axes),
    shape as number[],
  )
}

/** [N, D] -> [1, D] by a matrix product: column sums of the WebAssembly backend are several times slower. */
function columnSums(x: Tensor): Tensor {
  return matMul(ones([1, x.shape[0]!]), x as Tensor2D)
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i])
}

/** 0 or 1 of a comparison, as a factor. */
export function factor(condition: Tensor): Tensor {
  return cast(condition, 'float32')
}
