import { checkRollout, type RolloutInput } from './rollout.ts'

/** `finalValues` and `lastValues` are expectations over the learner's policy, as `values` are. */
export interface RetraceInput extends RolloutInput {
  /** [T, N] Q(s_t, a_t). */
  readonly actionValues: ArrayLike<number>
  /** [T, N] E_pi Q(s_t, .). */
  readonly values: ArrayLike<number>
  /** [T, N] log pi(a|s) - log mu(a|s). */
  readonly logRatios: ArrayLike<number>
  /** Trace decay, in [0, 1]. */
  readonly lambda: number
}

/**
 * Retrace targets of Q over [T, N]: q'_t = r_t + gamma (V(next_t) + c_{t+1} (q'_{t+1} - Q_{t+1})), with
 * c = lambda min(1, pi/mu); nothing is traced past the end of an episode or of the rollout, which bootstrap as in `gae`.
 * Source: Munos et al. 2016, equations 3 and 4.
 * @throws RepriseError RPR_SHAPE
 */
export function retrace(input: RetraceInput): Float32Array {
  const { numEnvs, rewards, actionValues, values, terminated, truncated, finalValues, lastValues } = input
  const { logRatios, gamma, lambda } = input
  const size = checkRollout('retrace', input, { values, actionValues, logRatios })
  const targets = new Float32Array(size)
  /** c (q' - Q) of the row after, per environment. */
  const traced = new Float64Array(numEnvs)
  for (let i = size - 1; i >= 0; i--) {
    const n = i % numEnvs
    const last = i + numEnvs >= size
    let next = last ? lastValues[n]! : values[i + numEnvs]! + traced[n]!
    if (terminated[i]) next = 0
    else if (truncated[i]) next = finalValues[i]!
    const target = rewards[i]! + gamma * next
    targets[i] = target
    traced[n] = lambda * Math.min(1, Math.exp(logRatios[i]!)) * (target - actionValues[i]!)
  }
  return targets
}
