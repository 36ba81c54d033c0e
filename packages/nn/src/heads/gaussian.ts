/** Normal distributions with independent components, plain and squashed into (-1, 1) by tanh. */
import { add, exp, mul, neg, ones, softplus, square, sub, sum, type Tensor, tanh } from '@tensorflow/tfjs-core'
import type { Distribution } from './distribution.ts'

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/**
 * `mean` [N, A]; `logStd` [A] (the same for all states) or [N, A]. Actions [N, A] are not clipped: whoever hands them
 * to the environment clips, and the unclipped ones are stored.
 */
export function gaussian(mean: Tensor, logStd: Tensor): Distribution {
  const size = mean.shape[1]!
  return {
    sample: (noise) => add(mean, mul(noise, exp(logStd))),
    logProb(action) {
      const z = mul(sub(action, mean), exp(neg(logStd)))
      return logDensity(z, logStd, size)
    },
    entropy() {
      const perRow = add(sum(logStd, -1), size * (0.5 + HALF_LOG_TWO_PI))
      return logStd.rank === 1 ? mul(ones([mean.shape[0]!]), perRow) : perRow
    },
    mode: () => mean,
  }
}

/** log N of the standardised action z [N, A], summed: -z^2/2 - log std - log(2 pi)/2. */
function logDensity(z: Tensor, logStd: Tensor, size: number): Tensor {
  return sub(mul(sum(square(z), 1), -0.5), add(sum(logStd, -1), size * HALF_LOG_TWO_PI))
}

/** What a squashed head gives back beside the action: the density is exact only from the value before tanh. */
export interface SquashedSample {
  /** tanh(preTanh), [N, A] in (-1, 1). */
  readonly action: Tensor
  readonly preTanh: Tensor
  /** [N] */
  readonly logProb: Tensor
}

export interface SquashedGaussian {
  sample(noise: Tensor): SquashedSample
  /** [N] log-density of tanh(preTanh). */
  logProb(preTanh: Tensor): Tensor
  mode(): Tensor
}

/**
 * tanh of a Gaussian with `mean` and `logStd` [N, A] (SAC). log pi(a) = log N(u) - sum log(1 - tanh(u)^2), computed as
 * 2 (log 2 - u - softplus(-2u)), which does not cancel for large |u|.
 */
export function squashedGaussian(mean: Tensor, logStd: Tensor): SquashedGaussian {
  const size = mean.shape[1]!
  const correction = (u: Tensor) => sum(mul(sub(sub(Math.LN2, u), softplus(mul(u, -2))), 2), 1)
  return {
    sample(noise) {
      const preTanh = add(mean, mul(noise, exp(logStd)))
      // z is the noise itself: no division by a small std.
      return {
        action: tanh(preTanh),
        preTanh,
        logProb: sub(logDensity(noise, logStd, size), correction(preTanh)),
      }
    },
    logProb: (preTanh) => sub(logDensity(mul(sub(preTanh, mean), exp(neg(logStd))), logStd, size), correction(preTanh)),
    mode: () => tanh(mean),
  }
}
