import { checkRollout, type RolloutInput } from './rollout.ts'

/**
 * Discounted returns over [T, N] rollouts: G_t = r_t + gamma G_{t+1}, with V in place of what lies beyond a truncation
 * or the end of the rollout, and 0 beyond a termination. Equals the returns of GAE with lambda 1.
 * @throws RepriseError RPR_SHAPE
 */
export function discountedReturns(input: RolloutInput): Float32Array {
  const { numEnvs, rewards, terminated, truncated, finalValues, lastValues, gamma } = input
  const size = checkRollout('discountedReturns', input, {})
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
