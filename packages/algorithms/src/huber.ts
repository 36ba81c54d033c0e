/** Losses of TD errors [B], per row, with their gradient written out: one entry on the tape instead of five. */
import {
  abs,
  clipByValue,
  customGrad,
  div,
  exp,
  greater,
  log,
  maximum,
  mean,
  mul,
  square,
  sub,
  type Tensor,
  where,
} from '@tensorflow/tfjs-core'

/** x^2 / 2 up to `threshold`, then straight: threshold (|x| - threshold / 2). PyTorch's `smooth_l1_loss` at 1. */
export function huber(error: Tensor, threshold = 1): Tensor {
  return withGradient(error, (x) => {
    const slope = clipByValue(x, -threshold, threshold)
    // s (x - s / 2) is x^2 / 2 inside and threshold (|x| - threshold / 2) outside.
    return { value: mul(slope, sub(x, mul(slope, 0.5))), slope }
  })
}

/** |x| no smaller than `floor`, to the power `alpha`: the priorities of LAP. */
export function lapPriority(error: Tensor, floor: number, alpha: number): Tensor {
  return exp(mul(log(maximum(abs(error), floor)), alpha))
}

/**
 * PAL (Fujimoto, Meger and Precup 2020): on uniform draws its mean has the gradient that Huber has in expectation on
 * draws by LAP's priorities p. Inside the floor m it is m^alpha x^2 / 2, outside m |x|^(1 + alpha) / (1 + alpha), both
 * divided by the mean of p, which takes no gradient: the slope is p clip(x, -m, m) / mean p. With several critics p of the
 * mean is that of the `largest` error of a row.
 */
export function pal(error: Tensor, floor: number, alpha: number, largest = error): Tensor {
  return withGradient(error, (x) => {
    const priority = lapPriority(x, floor, alpha)
    const scaled = div(priority, mean(lapPriority(largest, floor, alpha)))
    const inside = mul(square(x), 0.5)
    const outside = mul(abs(x), floor / (1 + alpha))
    return {
      value: mul(scaled, where(greater(abs(x), floor), outside, inside)),
      slope: mul(scaled, clipByValue(x, -floor, floor)),
    }
  })
}

function withGradient(error: Tensor, loss: (x: Tensor) => { value: Tensor; slope: Tensor }): Tensor {
  return customGrad((x, save) => {
    const { value, slope } = loss(x as Tensor)
    ;(save as (tensors: Tensor[]) => void)([slope])
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]!) }
  })(error)
}
