/** Deals episodes out into minibatches, and cuts those into calls of one fixed row count. */
import type { Pcg64 } from '@reprise/core'

/** The only row counts of a run, beside one for longer episodes that must stay whole: each compiles the update once. */
export const ROW_COUNTS = [256, 2048] as const
/** What one more call costs, in rows: a fixed model, so that runs repeat. */
const CALL_COST = 150

export interface EpisodeMinibatchesInput {
  readonly rng: Pcg64
  /** [episodes + 1] where each episode's rows begin. */
  readonly offsets: Int32Array
  /** Numbers of the episodes to train on; at least one. */
  readonly trained: readonly number[]
  readonly epochs: number
  /** Per epoch; fewer where there are fewer episodes. */
  readonly minibatches: number
  /** Whether no episode may be spread over two calls. */
  readonly wholeEpisodes: boolean
}

export interface EpisodeMinibatches {
  /** [calls, batchSize] row numbers, -1 for padding. */
  readonly indices: Int32Array
  readonly batchSize: number
  /** [calls] rows of the minibatch that each call belongs to. */
  readonly rows: number[]
  /** [calls] episodes of that minibatch. */
  readonly episodes: number[]
  /** [calls] 1 where a minibatch ends, and its step is made. */
  readonly last: number[]
}

export function episodeMinibatches(input: EpisodeMinibatchesInput): EpisodeMinibatches {
  const { offsets, wholeEpisodes } = input
  const dealt = deal(input)
  let longest = 0
  if (wholeEpisodes) for (const e of input.trained) longest = Math.max(longest, offsets[e + 1]! - offsets[e]!)
  const batchSize = chooseRowCount(dealt, offsets, longest)
  const calls = dealt.flatMap((episodes) => {
    const chunks = cut(episodes, offsets, batchSize, wholeEpisodes)
    const rows = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    return chunks.map((chunk, i) => ({ chunk, rows, episodes: episodes.length, last: i === chunks.length - 1 ? 1 : 0 }))
  })
  const indices = new Int32Array(calls.length * batchSize).fill(-1)
  calls.forEach(({ chunk }, i) => {
    indices.set(chunk, i * batchSize)
  })
  return {
    indices,
    batchSize,
    rows: calls.map(({ rows }) => rows),
    episodes: calls.map(({ episodes }) => episodes),
    last: calls.map(({ last }) => last),
  }
}

/** Each epoch's shuffled episodes in minibatches whose sizes differ by at most one. */
export function deal({
  rng,
  trained,
  epochs,
  minibatches,
}: Pick<EpisodeMinibatchesInput, 'rng' | 'trained' | 'epochs' | 'minibatches'>): number[][] {
  const count = Math.min(minibatches, trained.length)
  const order = Int32Array.from(trained)
  return Array.from({ length: epochs }, () => {
    rng.shuffle(order)
    return Array.from({ length: count }, (_, i) =>
      Array.from(order.subarray(bound(i, count, order.length), bound(i + 1, count, order.length))),
    )
  }).flat()
}

function bound(i: number, count: number, length: number): number {
  return Math.floor((i * length) / count)
}

/** The count with the least work, padding and calls included, among those that hold the longest whole episode. */
function chooseRowCount(dealt: readonly number[][], offsets: Int32Array, longest: number): number {
  const largest = ROW_COUNTS[ROW_COUNTS.length - 1]!
  if (longest > largest) return 2 ** Math.ceil(Math.log2(longest))
  let best = largest as number
  let least = Number.POSITIVE_INFINITY
  for (const count of ROW_COUNTS) {
    if (count < longest) continue
    const calls = dealt.reduce((sum, episodes) => {
      return sum + cut(episodes, offsets, count, longest > 0).length
    }, 0)
    const cost = calls * (count + CALL_COST)
    if (cost < least) {
      least = cost
      best = count
    }
  }
  return best
}

/** The rows of some episodes in chunks of at most `size`. */
function cut(episodes: readonly number[], offsets: Int32Array, size: number, whole: boolean): number[][] {
  const chunks: number[][] = [[]]
  for (const e of episodes) {
    const length = offsets[e + 1]! - offsets[e]!
    if (whole && chunks[chunks.length - 1]!.length + length > size) chunks.push([])
    for (let row = offsets[e]!; row < offsets[e + 1]!; row++) {
      if (chunks[chunks.length - 1]!.length === size) chunks.push([])
      chunks[chunks.length - 1]!.push(row)
    }
  }
  return chunks
}
