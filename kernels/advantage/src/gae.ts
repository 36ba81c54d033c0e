import { checkLengths } from './check.ts'

export interface GaeInput {
  readonly steps: number
  readonly numEnvs: number
  /** [T, N] reward of each step. */
  readonly rewards: ArrayLike<number>
  /** [T, N] V of the observation that each step acted on. */
  readonly values: ArrayLike<number>
  /** [T, N] 1 where the step ended the episode for good. */
  readonly terminated: ArrayLike<number>
  /** [T, N] 1 where the step's episode was cut off. */
  readonly truncated: ArrayLike<number>
  /** [T, N] V of the episode's final observation; read only where truncated and not terminated. */
  readonly finalValues: ArrayLike<number>
  /** [N] V of the observation after the last step. */
  readonly lastValues: ArrayLike<number>
  /** Discount, in [0, 1]. */
  readonly gamma: number
  /** Trace decay, in [0, 1]: 0 one-step, 1 Monte Carlo with a baseline. */
  readonly lambda: number
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
 * @throws RepriseError RPR_SHAPE
 */
export function gae(input: GaeInput): { advantages: Float32Array; returns: Float32Array } {
  const { steps, numEnvs, rewards, values, terminated, truncated, finalValues, lastValues, gamma, lambda } = input
  const size = steps * numEnvs
  checkLengths('gae', size, { rewards, values, terminated, truncated, finalValues })
  checkLengths('gae', numEnvs, { lastValues })
  const advantages = new Float32Array(size)
  const returns = new Float32Array(size)
  for (let n = 0; n < numEnvs; n++) {
    let following = 0
    let nextValue = lastValues[n]!
    for (let i = size - numEnvs + n; i >= 0; i -= numEnvs) {
      const ended = terminated[i]! || truncated[i]!
      const bootstrap = terminated[i]! ? 0 : truncated[i]! ? finalValues[i]! : nextValue
      const delta = rewards[i]! + gamma * bootstrap - values[i]!
      following = ended ? delta : delta + gamma * lambda * following
      advantages[i] = following
      returns[i] = following + values[i]!
      nextValue = values[i]!
    }
  }
  return { advantages, returns }
}
