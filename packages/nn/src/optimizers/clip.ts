import { add, div, minimum, mul, scalar, sqrt, square, sum, type Tensor } from '@tensorflow/tfjs-core'

/** The Euclidean norm of a flat gradient, a scalar. */
export function globalNorm(gradient: Tensor): Tensor {
  return sqrt(sum(square(gradient)))
}

/**
 * Scales a flat gradient so that its norm is at most `maxNorm`: g x min(1, maxNorm / (norm + 1e-6)), as
 * `torch.nn.utils.clip_grad_norm_`. Gives the norm from before.
 */
export function clipByGlobalNorm(gradient: Tensor, maxNorm: number): { gradient: Tensor; norm: Tensor } {
  const norm = globalNorm(gradient)
  const factor = minimum(scalar(1), div(scalar(maxNorm), add(norm, 1e-6)))
  return { gradient: mul(gradient, factor), norm }
}
