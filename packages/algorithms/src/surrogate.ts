import {
  cast,
  customGrad,
  equal,
  exp,
  less,
  maximum,
  minimum,
  mul,
  neg,
  type Tensor,
  where,
} from '@tensorflow/tfjs-core'

export interface SurrogateInput {
  /** [N] log pi(a) - log pi_old(a): per row, or the same for all rows of a sequence (GSPO). */
  readonly logRatio: Tensor
  /** [N] */
  readonly advantage: Tensor
  /** Scalars: 1 - clipLow and 1 + clipHigh. */
  readonly low: Tensor
  readonly high: Tensor
  /** Rows of negative advantage lose at most -advantage x this (dual clip, Ye et al. 2020). */
  readonly dualClip?: number | null
}

/**
 * The clipped surrogate as a loss, [N]: max(-A r, -A clip(r, low, high)) with r = exp(logRatio), and at most -A c where
 * A < 0 under dual clipping. The gradient by logRatio is -A r where the plain term counts, and 0 where a clipped one does:
 * written out, it is one product instead of a dozen kernels of comparisons.
 */
export function clippedSurrogate({ logRatio, advantage, low, high, dualClip = null }: SurrogateInput): Tensor {
  return customGrad((input, save) => {
    const ratio = exp(input as Tensor)
    const cost = neg(advantage)
    const plain = mul(cost, ratio)
    let loss = maximum(plain, mul(cost, minimum(maximum(ratio, low), high)))
    if (dualClip !== null) loss = where(less(advantage, 0), minimum(loss, mul(cost, dualClip)), loss)
    ;(save as (tensors: Tensor[]) => void)([mul(plain, cast(equal(loss, plain), 'float32'))])
    return { value: loss, gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]!) }
  })(logRatio)
}
