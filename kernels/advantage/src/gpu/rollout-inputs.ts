import { toFloat32 } from '@reprise/gpu'
import type { RolloutInput } from '../rollout.ts'

/** [T, N] 0 inside an episode, 1 at a truncation, 2 at a termination (also where both). */
export function endsOf({ terminated, truncated }: RolloutInput): Float32Array {
  const ends = new Float32Array(terminated.length)
  for (let i = 0; i < ends.length; i++) ends[i] = terminated[i] ? 2 : truncated[i] ? 1 : 0
  return ends
}

/** Rewards, ends, final values, last values: the first inputs of every kernel over rollouts. */
export function rolloutArrays(input: RolloutInput): [Float32Array, Float32Array, Float32Array, Float32Array] {
  return [toFloat32(input.rewards), endsOf(input), toFloat32(input.finalValues), toFloat32(input.lastValues)]
}
