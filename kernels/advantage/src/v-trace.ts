import { checkRollout, type RolloutInput } from './rollout.ts'

export interface VTraceInput extends RolloutInput {
  /** [T, N] V of the observation that each step acted on. */
  readonly values: ArrayLike<number>
  /** [T, N] log pi(a|s) - log mu(a|s): the learner's policy against the one that acted. */
  readonly logRatios: ArrayLike<number>
  /** Trace decay, in [0, 1]; 1 in the paper. */
  readonly lambda: number
  /** Largest weight of a temporal difference; 1 in the paper. */
  readonly rhoBar: number
  /** Largest trace; 1 in the paper. */
  readonly cBar: number
}

export interface VTraceOutput {
  /** [T, N] targets of the value function. */
  readonly targets: Float32Array
  /** [T, N] advantages of the policy gradient, their weights included. */
  readonly advantages: Float32Array
}

/**
 * V-trace over [T, N]: v_t = V_t + delta_t + gamma c_t (v_{t+1} - V_{t+1}), delta_t = rho_t (r_t + gamma V(next_t) - V_t),
 * rho = min(rhoBar, pi/mu), c = lambda min(cBar, pi/mu). The advantage is rho_t (r_t + gamma q_t - V_t) with
 * q_t = lambda v_{t+1} + (1 - lambda) V_{t+1} inside an episode, the bootstrap value at its end.
 * Episodes end as in `gae`. Source: Espeholt et al. 2018, section 4.1; lambda as in rlax's `vtrace_td_error_and_advantage`.
 * @throws RepriseError RPR_SHAPE
 */
export function vTrace(input: VTraceInput): VTraceOutput {
  const { numEnvs, rewards, values, terminated, truncated, finalValues, lastValues } = input
  const { logRatios, gamma, lambda, rhoBar, cBar } = input
  const size = checkRollout('vTrace', input, { values, logRatios })
  const targets = new Float32Array(size)
  const advantages = new Float32Array(size)
  /** v - V of the row after, per environment. */
  const beyond = new Float64Array(numEnvs)
  for (let i = size - 1; i >= 0; i--) {
    const n = i % numEnvs
    const last = i + numEnvs >= size
    const ended = terminated[i] || truncated[i]
    const nextValue = terminated[i] ? 0 : truncated[i] ? finalValues[i]! : last ? lastValues[n]! : values[i + numEnvs]!
    const ratio = Math.exp(logRatios[i]!)
    const rho = Math.min(rhoBar, ratio)
    const cut = ended || last
    const error = cut ? 0 : beyond[n]!
    const delta = rho * (rewards[i]! + gamma * nextValue - values[i]!)
    beyond[n] = cut ? delta : delta + gamma * lambda * Math.min(cBar, ratio) * error
    targets[i] = values[i]! + beyond[n]!
    advantages[i] = cut ? delta : rho * (rewards[i]! + gamma * (nextValue + lambda * error) - values[i]!)
  }
  return { targets, advantages }
}
