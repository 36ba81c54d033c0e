import { checkLengths } from './check.ts'

/**
 * Discounted reward-to-go of packed episodes: G_t = r_t + gamma G_{t+1}, starting anew at each episode's end. Episode e
 * holds rows `offsets[e]` to `offsets[e + 1]`.
 * @throws RepriseError RPR_SHAPE
 */
export function rewardToGo(rewards: ArrayLike<number>, offsets: ArrayLike<number>, gamma: number): Float64Array {
  checkLengths('rewardToGo', offsets[offsets.length - 1] ?? 0, { rewards })
  const out = new Float64Array(rewards.length)
  for (let e = 0; e + 1 < offsets.length; e++) {
    let following = 0
    for (let t = offsets[e + 1]! - 1; t >= offsets[e]!; t--) {
      following = rewards[t]! + gamma * following
      out[t] = following
    }
  }
  return out
}
