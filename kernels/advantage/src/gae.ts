import { checkLengths } from './check.ts'
import { checkRollout, type RolloutInput } from './rollout.ts'

export interface GaeInput extends RolloutInput {
  /** [T, N] V of the observation that each step acted on. */
  readonly values: ArrayLike<number>
  /** Trace decay, in [0, 1]: 0 one-step, 1 Monte Carlo with a baseline. */
  readonly lambda: number
}

/** Both [T, N]. */
export interface GaeOutput {
  readonly advantages: Float32Array
  readonly returns: Float32Array
}

/**
 * Generalised advantage estimation over [T, N] rollouts of automatically reset environments.
 *
 *   delta_t = r_t + gamma (1 - terminated_t) V(next_t) - V(s_t)
 *   A_t     = delta_t + gamma lambda (1 - (terminated_t or truncated_t)) A_{t+1}
 *
 * next_t is the episode's own final observation where the episode ends, not the first one of the next episode: a
 * truncated episode is bootstrapped, a terminated one is not, and one that is both counts as terminated.
 * `returns` = A + V, the targets of the value function.
 * Source: Schulman et al. 2016, equation 16; Pardo et al. 2018 on time limits.
 * `out` is written and returned where it is given: large arrays cost as much to make as to fill.
 * @throws RepriseError RPR_SHAPE
 */
export function gae(input: GaeInput, out?: GaeOutput): GaeOutput {
  const { steps, numEnvs, rewards, values, terminated, truncated, finalValues, lastValues, gamma, lambda } = input
  const size = steps * numEnvs
  checkRollout('gae', input, { values })
  const advantages = out?.advantages ?? new Float32Array(size)
  const returns = out?.returns ?? new Float32Array(size)
  if (out !== undefined) checkLengths('gae', size, { 'out.advantages': advantages, 'out.returns': returns })
  // Rows in the order in which they lie: a column at a time would miss the cache at every step.
  const following = new Float64Array(numEnvs)
  for (let row = size - numEnvs; row >= 0; row -= numEnvs) {
    const last = row + numEnvs === size
    for (let n = 0; n < numEnvs; n++) {
      const i = row + n
      const value = values[i]!
      const isTerminated = terminated[i]! !== 0
      const ended = isTerminated || truncated[i]! !== 0
      const next = ended ? (isTerminated ? 0 : finalValues[i]!) : last ? lastValues[n]! : values[i + numEnvs]!
      const delta = rewards[i]! + gamma * next - value
      const advantage = ended ? delta : delta + gamma * lambda * following[n]!
      following[n] = advantage
      advantages[i] = advantage
      returns[i] = advantage + value
    }
  }
  return { advantages, returns }
}
