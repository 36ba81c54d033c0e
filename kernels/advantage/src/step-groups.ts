/**
 * Step-level groups (GiGPO, Feng et al. 2025): steps of one group's episodes that were taken in the same situation are
 * compared with each other, beside the comparison of whole episodes.
 */

import { bucketAdvantages } from './bucket-advantages.ts'
import { checkLengths } from './check.ts'
import type { StdKind } from './statistics.ts'

export interface StepsInput {
  /** [steps, width] what each step's situation is told by: an observation, or an embedding of it. */
  readonly anchors: ArrayLike<number>
  readonly width: number
  /** [steps] group number: only steps of one group are ever compared. */
  readonly group: ArrayLike<number>
}

export interface PrototypesInput extends StepsInput {
  /** Cosine from which a step belongs to a bucket; verl-agent uses 0.95. */
  readonly threshold: number
}

/** [steps] bucket of each step, numbered in order of appearance: equal anchors in one group share one. @throws RPR_SHAPE */
export function exactBuckets({ anchors, width, group }: StepsInput): Int32Array {
  checkLengths('exactBuckets', group.length * width, { anchors })
  const known = new Map<string, number>()
  const row = new Float64Array(width)
  const bytes = Buffer.from(row.buffer)
  return Int32Array.from(group, (g, step) => {
    // Minus zero is zero.
    for (let j = 0; j < width; j++) row[j] = anchors[step * width + j]! + 0
    const key = `${g} ${bytes.toString('latin1')}`
    let bucket = known.get(key)
    if (bucket === undefined) {
      bucket = known.size
      known.set(key, bucket)
    }
    return bucket
  })
}

/**
 * [steps] bucket of each step: that of the nearest prototype of its group with a cosine >= threshold, where a prototype
 * is the first member of its bucket; a step near none opens a bucket. In order of the steps.
 * @throws RPR_SHAPE
 */
export function prototypeBuckets(input: PrototypesInput): Int32Array {
  const { anchors, width, group } = input
  checkLengths('prototypeBuckets', group.length * width, { anchors })
  const norms = Float64Array.from(group, (_, step) => {
    let sum = 0
    for (let j = 0; j < width; j++) sum += anchors[step * width + j]! ** 2
    return Math.sqrt(sum)
  })
  return assignPrototypes(input, (a, b) => {
    let dot = 0
    for (let j = 0; j < width; j++) dot += anchors[a * width + j]! * anchors[b * width + j]!
    return norms[a] === 0 || norms[b] === 0 ? 0 : dot / (norms[a]! * norms[b]!)
  })
}

/** The greedy part, for any source of similarities. */
export function assignPrototypes(
  { group, threshold }: PrototypesInput,
  similarity: (step: number, prototype: number) => number,
): Int32Array {
  const prototypes = new Map<number, { step: number; bucket: number }[]>()
  let buckets = 0
  return Int32Array.from(group, (g, step) => {
    let own = prototypes.get(g)
    if (own === undefined) {
      own = []
      prototypes.set(g, own)
    }
    let best = -1
    let highest = Number.NEGATIVE_INFINITY
    for (const { step: prototype, bucket } of own) {
      const value = similarity(step, prototype)
      if (value >= threshold && value > highest) {
        highest = value
        best = bucket
      }
    }
    if (best >= 0) return best
    own.push({ step, bucket: buckets })
    return buckets++
  })
}

export interface StepAdvantagesInput {
  /** [steps] discounted reward-to-go of each step (`rewardToGo`; gamma 0.95 in the paper). */
  readonly returns: ArrayLike<number>
  /** [steps] from `exactBuckets` or `prototypeBuckets`. */
  readonly bucket: ArrayLike<number>
  /** Subtract the bucket's mean, or also divide by its deviation. */
  readonly kind: 'mean' | 'group_std'
  readonly std: StdKind
  readonly epsilon: number
}

/** [steps] each step's return against its bucket; a bucket of one gives 0. @throws RPR_SHAPE */
export function stepAdvantages({ returns, bucket, kind, std, epsilon }: StepAdvantagesInput): Float64Array {
  return bucketAdvantages({ rewards: returns, bucket, kind, std, epsilon })
}
