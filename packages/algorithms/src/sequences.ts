/** Whole episodes as rows of a few fixed shapes: what a policy with memory is trained on, step after step. */
import type { SequenceShape } from '@reprise/backend'
import { type Pcg64, RepriseError } from '@reprise/core'
import { deal, type EpisodeMinibatches } from './episode-minibatches.ts'

/** Longest sequence. Each step is compiled by itself: 256 take some ten seconds. */
export const MAX_SEQUENCE = 256
/** Most shapes of a run, each compiled once: the longest episode, and halves of it. */
const SHAPES = 4
const SHORTEST = 4
/** Most sequences in one call. */
export const MAX_EPISODES = 32

/**
 * The shapes for episodes of up to `maxEpisodeSteps`, shortest first. `episodes`: how many a minibatch usually has.
 * @throws RepriseError RPR_OPTION_CONFLICT without a limit or with one above MAX_SEQUENCE
 */
export function sequenceShapes(maxEpisodeSteps: number | undefined, episodes: number): SequenceShape[] {
  if (maxEpisodeSteps === undefined || maxEpisodeSteps > MAX_SEQUENCE) {
    throw new RepriseError(
      'RPR_OPTION_CONFLICT',
      `Option 'policy' = 'gru' learns from whole episodes of at most ${MAX_SEQUENCE} steps; those of the environment ${maxEpisodeSteps === undefined ? 'have no limit' : `have up to ${maxEpisodeSteps}`}.`,
      { value: maxEpisodeSteps, hint: `Set maxEpisodeSteps to at most ${MAX_SEQUENCE}, or policy to mlp.` },
    )
  }
  const lengths = [maxEpisodeSteps]
  while (lengths.length < SHAPES) {
    const half = Math.ceil(lengths[0]! / 2)
    if (half < SHORTEST || half === lengths[0]) break
    lengths.unshift(half)
  }
  const count = Math.max(1, Math.min(MAX_EPISODES, episodes))
  return lengths.map((steps) => ({ steps, episodes: count }))
}

/** Rows of the longest shape: what a program's cost is counted for. */
export function rowsOfLongest(shapes: readonly SequenceShape[]): number {
  const { steps, episodes } = shapes.at(-1)!
  return steps * episodes
}

/** The shortest shape that holds an episode of `length` steps. @throws RepriseError RPR_SHAPE */
export function shapeFor(shapes: readonly SequenceShape[], length: number): SequenceShape {
  const shape = shapes.find(({ steps }) => steps >= length)
  if (shape) return shape
  throw new RepriseError(
    'RPR_SHAPE',
    `An episode of ${length} steps is longer than the ${shapes.at(-1)!.steps} that a policy with memory was built for.`,
    { value: length, hint: 'Raise maxEpisodeSteps to that of the run that the episodes come from.' },
  )
}

/** The shape of so many rows. @throws RepriseError RPR_EXECUTOR_INPUT */
export function shapeOfRows(shapes: readonly SequenceShape[], rows: number): SequenceShape {
  const shape = shapes.find(({ steps, episodes }) => steps * episodes === rows)
  if (shape) return shape
  throw new RepriseError('RPR_EXECUTOR_INPUT', `${rows} rows are no sequences that this program knows.`, {
    value: rows,
    hint: `Give ${shapes.map(({ steps, episodes }) => `${steps} x ${episodes}`).join(' or ')} rows.`,
  })
}

/** Writes the row numbers of some episodes, at most as many as the shape has, to `out` from `at` on; the rest stays. */
export function layOut(
  { episodes: width }: SequenceShape,
  offsets: ArrayLike<number>,
  episodes: readonly number[],
  out: Int32Array,
  at: number,
): void {
  episodes.forEach((e, i) => {
    for (let row = offsets[e]!, to = at + i; row < offsets[e + 1]!; row++, to += width) out[to] = row
  })
}

export interface SequenceMinibatchesInput {
  readonly rng: Pcg64
  /** [episodes + 1] where each episode's rows begin. */
  readonly offsets: Int32Array
  /** Numbers of the episodes to train on; at least one. */
  readonly trained: readonly number[]
  readonly epochs: number
  readonly minibatches: number
  readonly shapes: readonly SequenceShape[]
}

/** As `episodeMinibatches`, each call in the shortest shape that holds the longest episode. */
export function sequenceMinibatches(input: SequenceMinibatchesInput): EpisodeMinibatches {
  const { offsets, trained, shapes } = input
  const length = (e: number) => offsets[e + 1]! - offsets[e]!
  const shape = shapeFor(
    shapes,
    trained.reduce((longest, e) => Math.max(longest, length(e)), 0),
  )
  const batchSize = shape.steps * shape.episodes
  const calls = deal(input).flatMap((episodes) => {
    const rows = episodes.reduce((sum, e) => sum + length(e), 0)
    const count = Math.ceil(episodes.length / shape.episodes)
    return Array.from({ length: count }, (_, i) => ({
      own: episodes.slice(i * shape.episodes, (i + 1) * shape.episodes),
      rows,
      episodes: episodes.length,
      last: i === count - 1 ? 1 : 0,
    }))
  })
  const indices = new Int32Array(calls.length * batchSize).fill(-1)
  calls.forEach(({ own }, i) => {
    layOut(shape, offsets, own, indices, i * batchSize)
  })
  return {
    indices,
    batchSize,
    rows: calls.map(({ rows }) => rows),
    episodes: calls.map(({ episodes }) => episodes),
    last: calls.map(({ last }) => last),
  }
}

/**
 * Row numbers of `epochs` shuffled passes over the environments of a rollout [steps, numEnvs], as many whole sequences at
 * once as the shape has; the last minibatch of each pass is filled up with -1.
 */
export function rolloutMinibatches(
  rng: Pcg64,
  { steps, episodes }: SequenceShape,
  numEnvs: number,
  epochs: number,
): Int32Array {
  const perEpoch = Math.ceil(numEnvs / episodes) * steps * episodes
  const indices = new Int32Array(epochs * perEpoch).fill(-1)
  const order = Int32Array.from({ length: numEnvs }, (_, i) => i)
  for (let epoch = 0; epoch < epochs; epoch++) {
    rng.shuffle(order)
    order.forEach((env, i) => {
      const minibatch = epoch * perEpoch + Math.floor(i / episodes) * steps * episodes
      for (let t = 0; t < steps; t++) indices[minibatch + t * episodes + (i % episodes)] = t * numEnvs + env
    })
  }
  return indices
}
