import { scaleOf } from './bucket-advantages.ts'
import { checkLengths } from './check.ts'
import { meanAndStd, type StdKind } from './statistics.ts'

export const GROUP_ADVANTAGE_KINDS = ['group_std', 'batch_std', 'mean', 'leave_one_out'] as const

/**
 * How rewards of a group become advantages (r: rewards of the group, n: its size):
 * - `group_std`: (r - mean r) / (std r + eps). GRPO (Shao et al. 2024).
 * - `batch_std`: (r - mean r) / (std of all rewards of the batch + eps).
 * - `mean`: r - mean r. Dr.GRPO (Liu et al. 2025).
 * - `leave_one_out`: r - mean of the others = n / (n - 1) (r - mean r). RLOO (Ahmadian et al. 2024).
 */
export type GroupAdvantageKind = (typeof GROUP_ADVANTAGE_KINDS)[number]

export interface GroupAdvantagesInput {
  /** [episodes] */
  readonly rewards: ArrayLike<number>
  /** [episodes] group number; episodes of one group are adjacent. */
  readonly group: ArrayLike<number>
  readonly kind: GroupAdvantageKind
  /** Read by the two kinds with a standard deviation. */
  readonly std: StdKind
  /** Added to the standard deviation. */
  readonly epsilon: number
}

/**
 * One advantage per episode. A group of one has advantage 0: there is nothing to compare it with.
 * @throws RepriseError RPR_SHAPE
 */
export function groupAdvantages({ rewards, group, kind, std, epsilon }: GroupAdvantagesInput): Float64Array {
  checkLengths('groupAdvantages', rewards.length, { group })
  const out = new Float64Array(rewards.length)
  const batchStd = kind === 'batch_std' ? meanAndStd(rewards, std).std : 0
  for (const { from, count } of groupRanges(group)) {
    const inGroup = meanAndStd(rewards, std, from, count)
    const scale = scaleOf(kind, inGroup.std, batchStd, epsilon, count)
    for (let i = from; i < from + count; i++) out[i] = count === 1 ? 0 : (rewards[i]! - inGroup.mean) * scale
  }
  return out
}

/** Runs of equal group numbers. */
export function groupRanges(group: ArrayLike<number>): { group: number; from: number; count: number }[] {
  const ranges: { group: number; from: number; count: number }[] = []
  for (let i = 0; i < group.length; i++) {
    const last = ranges[ranges.length - 1]
    if (last !== undefined && last.group === group[i]) last.count++
    else ranges.push({ group: group[i]!, from: i, count: 1 })
  }
  return ranges
}

/** Per episode, 1 where the rewards of its group differ: a group of equal rewards teaches nothing. */
export function groupsWithSignal(rewards: ArrayLike<number>, group: ArrayLike<number>): Uint8Array {
  checkLengths('groupsWithSignal', rewards.length, { group })
  const out = new Uint8Array(rewards.length)
  for (const { from, count } of groupRanges(group)) {
    let differs = 0
    for (let i = from + 1; i < from + count; i++) if (rewards[i] !== rewards[from]) differs = 1
    out.fill(differs, from, from + count)
  }
  return out
}
