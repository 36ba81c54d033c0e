import { toFloat32 } from '@reprise/gpu'
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
  const { steps, numEnvs, gamma, lambda } = input
  const size = steps * numEnvs
  checkRollout('gae', input, { values: input.values })
  const rows: Rows = {
    numEnvs,
    gamma,
    decay: gamma * lambda,
    rewards: toFloat32(input.rewards),
    values: toFloat32(input.values),
    terminated: toFlags(input.terminated),
    truncated: toFlags(input.truncated),
    finalValues: toFloat32(input.finalValues),
    following: new Float64Array(numEnvs),
    next: Float64Array.from(input.lastValues),
    advantages: out?.advantages ?? new Float32Array(size),
    returns: out?.returns ?? new Float32Array(size),
  }
  const { advantages, returns } = rows
  if (out !== undefined) checkLengths('gae', size, { 'out.advantages': advantages, 'out.returns': returns })
  // Rows in the order in which they lie: a column at a time would miss the cache at every step.
  for (let from = size - numEnvs; from >= 0; from -= numEnvs) stepBack(rows, from)
  return { advantages, returns }
}

interface Rows {
  readonly numEnvs: number
  readonly gamma: number
  /** gamma lambda */
  readonly decay: number
  readonly rewards: Float32Array
  readonly values: Float32Array
  readonly terminated: Uint8Array
  readonly truncated: Uint8Array
  readonly finalValues: Float32Array
  /** [N] A and V of the step after. */
  readonly following: Float64Array
  readonly next: Float64Array
  readonly advantages: Float32Array
  readonly returns: Float32Array
}

/** One step of all environments. A function of its own, called often, is compiled to faster code than an inner loop. */
function stepBack(rows: Rows, from: number): void {
  const { numEnvs, gamma, decay, rewards, values, terminated, truncated, finalValues, advantages, returns } = rows
  const { following, next } = rows
  for (let n = 0; n < numEnvs; n++) {
    const i = from + n
    const value = values[i]!
    let advantage: number
    if ((terminated[i]! | truncated[i]!) === 0)
      advantage = rewards[i]! + gamma * next[n]! - value + decay * following[n]!
    else advantage = rewards[i]! + gamma * (terminated[i] === 0 ? finalValues[i]! : 0) - value
    next[n] = value
    following[n] = advantage
    advantages[i] = advantage
    returns[i] = advantage + value
  }
}

/** The array itself where it has this type: whatever else is given, the loop above sees one type and stays fast. */
function toFlags(flags: ArrayLike<number>): Uint8Array {
  return flags instanceof Uint8Array ? flags : Uint8Array.from(flags, (flag) => (flag ? 1 : 0))
}
