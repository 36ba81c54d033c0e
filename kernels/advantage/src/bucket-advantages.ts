import { checkLengths } from './check.ts'
import type { GroupAdvantageKind } from './group-advantages.ts'
import { meanAndStd, type StdKind } from './statistics.ts'

export interface BucketAdvantagesInput {
  /** [rows] */
  readonly rewards: ArrayLike<number>
  /** [rows] bucket number; rows of one bucket lie anywhere. */
  readonly bucket: ArrayLike<number>
  readonly kind: GroupAdvantageKind
  readonly std: StdKind
  readonly epsilon: number
}

/** Rows sorted by bucket: bucket b (in order of appearance) holds `order[starts[b]]` to `order[starts[b + 1] - 1]`. */
export interface Buckets {
  /** [rows] bucket of each row, numbered from 0. */
  readonly of: Int32Array
  readonly order: Int32Array
  /** [buckets + 1] */
  readonly starts: Int32Array
}

export function sortBuckets(bucket: ArrayLike<number>): Buckets {
  const numbers = new Map<number, number>()
  const of = new Int32Array(bucket.length)
  for (let i = 0; i < of.length; i++) {
    // Runs are common: only their first row is looked up.
    if (i > 0 && bucket[i] === bucket[i - 1]) {
      of[i] = of[i - 1]!
      continue
    }
    let number = numbers.get(bucket[i]!)
    if (number === undefined) {
      number = numbers.size
      numbers.set(bucket[i]!, number)
    }
    of[i] = number
  }
  const starts = new Int32Array(numbers.size + 1)
  for (let i = 0; i < of.length; i++) starts[of[i]! + 1]!++
  for (let b = 0; b < numbers.size; b++) starts[b + 1]! += starts[b]!
  const next = starts.slice(0, numbers.size)
  const order = new Int32Array(of.length)
  for (let i = 0; i < of.length; i++) order[next[of[i]!]!++] = i
  return { of, order, starts }
}

/** Numbers for pairs of (group, sub-group), to normalise within sub-groups. @throws RPR_SHAPE */
export function subgroups(group: ArrayLike<number>, subgroup: ArrayLike<number>): Int32Array {
  checkLengths('subgroups', group.length, { subgroup })
  const known = new Map<string, number>()
  return Int32Array.from(group, (g, i) => {
    const key = `${g} ${subgroup[i]}`
    if (!known.has(key)) known.set(key, known.size)
    return known.get(key)!
  })
}

/**
 * `groupAdvantages` for groups whose rows need not be adjacent: sub-groups, and buckets of steps. A bucket of one has 0.
 * @throws RepriseError RPR_SHAPE
 */
export function bucketAdvantages({ rewards, bucket, kind, std, epsilon }: BucketAdvantagesInput): Float64Array {
  checkLengths('bucketAdvantages', rewards.length, { bucket })
  const { order, starts } = sortBuckets(bucket)
  const sorted = new Float64Array(order.length)
  for (let i = 0; i < sorted.length; i++) sorted[i] = rewards[order[i]!]!
  const out = new Float64Array(rewards.length)
  const batchStd = kind === 'batch_std' ? meanAndStd(rewards, std).std : 0
  for (let b = 0; b + 1 < starts.length; b++) {
    const from = starts[b]!
    const count = starts[b + 1]! - from
    const own = meanAndStd(sorted, std, from, count)
    const scale = scaleOf(kind, own.std, batchStd, epsilon, count)
    for (let i = from; i < from + count; i++) out[order[i]!] = count === 1 ? 0 : (sorted[i]! - own.mean) * scale
  }
  return out
}

/** What a difference from the mean is multiplied by. */
export function scaleOf(
  kind: GroupAdvantageKind,
  std: number,
  batchStd: number,
  epsilon: number,
  count: number,
): number {
  if (kind === 'group_std') return 1 / (std + epsilon)
  if (kind === 'batch_std') return 1 / (batchStd + epsilon)
  if (kind === 'leave_one_out') return count / Math.max(1, count - 1)
  return 1
}
