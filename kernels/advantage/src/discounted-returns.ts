import { checkLengths } from './check.ts'

export interface DiscountedReturnsInput {
  readonly steps: number
  readonly numEnvs: number
  /** [T, N] */
  readonly rewards: ArrayLike<number>
  /** [T, N] */
  readonly terminated: ArrayLike<number>
  /** [T, N] */
  readonly truncated: ArrayLike<number>
  /** [T, N] V of the final observation; read only where truncated and not terminated. */
  readonly finalValues: ArrayLike<number>
  /** [N] V of the observation after the last step. */
  readonly lastValues: ArrayLike<number>
  readonly gamma: number
}

/**
 * Discounted returns over [T, N] rollouts: G_t = r_t + gamma G_{t+1}, with V in place of what lies beyond a truncation
 * or the end of the rollout, and 0 beyond a termination. Equals the returns of GAE with lambda 1.
 * @throws RepriseError RPR_SHAPE
 */
export function discountedReturns(input: DiscountedReturnsInput): Float32Array {
  const { steps, numEnvs, rewards, terminated, truncated, finalValues, lastValues, gamma } = input
  const size = steps * numEnvs
  checkLengths('discountedReturns', size, { rewards, terminated, truncated, finalValues })
  checkLengths('discountedReturns', numEnvs, { lastValues })
  const out = new Float32Array(size)
  for (let n = 0; n < numEnvs; n++) {
    let following = lastValues[n]!
    for (let i = size - numEnvs + n; i >= 0; i -= numEnvs) {
      if (terminated[i]) following = 0
      else if (truncated[i]) following = finalValues[i]!
      following = rewards[i]! + gamma * following
      out[i] = following
    }
  }
  return out
}
