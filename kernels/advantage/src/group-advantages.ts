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
  // Rewards as they are, overwritten group by group: the loops see one type of array whatever was given.
  const out = new Float64Array(rewards)
  const ids = group instanceof Int32Array ? group : Float64Array.from(group)
  const batchStd = kind === 'batch_std' ? meanAndStd(rewards, std).std : 0
  for (let from = 0; from < out.length; ) {
    const to = endOfRun(ids, from)
    normalise(out, from, to, kind, std, epsilon, batchStd)
    from = to
  }
  return out
}

function endOfRun(ids: Int32Array | Float64Array, from: number): number {
  const id = ids[from]
  let to = from + 1
  while (to < ids.length && ids[to] === id) to++
  return to
}

/** Rewards of a group to advantages, in place. */
function normalise(
  out: Float64Array,
  from: number,
  to: number,
  kind: GroupAdvantageKind,
  std: StdKind,
  epsilon: number,
  batchStd: number,
): void {
  const count = to - from
  if (count === 1) {
    out[from] = 0
    return
  }
  const mean = sumOf(out, from, to) / count
  for (let i = from; i < to; i++) out[i]! -= mean
  const deviation =
    kind === 'group_std' ? Math.sqrt(squaresOf(out, from, to) / (std === 'sample' ? count - 1 : count)) : 0
  const scale = scaleOf(kind, deviation, batchStd, epsilon, count)
  for (let i = from; i < to; i++) out[i]! *= scale
}

/** Rows from which sums are four: one would wait for each addition. */
export const LARGE = 64

function sumOf(values: Float64Array, from: number, to: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let i = from
  if (to - from >= LARGE)
    for (; i + 3 < to; i += 4) {
      s0 += values[i]!
      s1 += values[i + 1]!
      s2 += values[i + 2]!
      s3 += values[i + 3]!
    }
  for (; i < to; i++) s0 += values[i]!
  return s0 + s1 + (s2 + s3)
}

function squaresOf(values: Float64Array, from: number, to: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let i = from
  if (to - from >= LARGE)
    for (; i + 3 < to; i += 4) {
      s0 += values[i]! * values[i]!
      s1 += values[i + 1]! * values[i + 1]!
      s2 += values[i + 2]! * values[i + 2]!
      s3 += values[i + 3]! * values[i + 3]!
    }
  for (; i < to; i++) s0 += values[i]! * values[i]!
  return s0 + s1 + (s2 + s3)
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
