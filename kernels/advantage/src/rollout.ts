import { checkLengths } from './check.ts'

/** A rollout of automatically reset environments: what every estimator over [T, N] reads. */
export interface RolloutInput {
  readonly steps: number
  readonly numEnvs: number
  /** [T, N] reward of each step. */
  readonly rewards: ArrayLike<number>
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
}

/** @throws RepriseError RPR_SHAPE; `more` are further [T, N] arrays */
export function checkRollout(
  what: string,
  input: RolloutInput,
  more: Readonly<Record<string, ArrayLike<number>>>,
): number {
  const { steps, numEnvs, rewards, terminated, truncated, finalValues, lastValues } = input
  const size = steps * numEnvs
  checkLengths(what, size, { rewards, terminated, truncated, finalValues, ...more })
  checkLengths(what, numEnvs, { lastValues })
  return size
}
