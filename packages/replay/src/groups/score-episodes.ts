/** What the policy of now makes of stored decisions. */
import type { MaybePromise } from '@reprise/core'
import type { StoredEpisode } from '../keyed/stored-episode.ts'
import type { EpisodeArray } from './grouped-episodes.ts'

export interface Scores {
  /** [rows] log-probability of the stored action. */
  readonly logProb: Float32Array
  /** [rows] entropy of the policy. */
  readonly entropy: Float32Array
  /** [rows] log-probability under the reference policy, where there is one. */
  readonly referenceLogProb?: Float32Array
}

/** Columns as they were stored, [rows, ...]; `offsets` [episodes + 1]: where each whole episode among them begins. */
export type ScoreRows = (
  columns: { readonly [name: string]: EpisodeArray },
  rows: number,
  offsets: Int32Array,
) => MaybePromise<Scores>

/** Mean entropy of the policy over the decisions of each episode. */
export async function entropiesOf(episodes: readonly StoredEpisode[], score: ScoreRows): Promise<Float64Array> {
  const offsets = new Int32Array(episodes.length + 1)
  episodes.forEach(({ length }, e) => {
    offsets[e + 1] = offsets[e]! + length
  })
  const rows = offsets[episodes.length]!
  const columns: Record<string, EpisodeArray> = {}
  for (const [name, first] of Object.entries(episodes[0]!.columns)) {
    const size = first.length / episodes[0]!.length
    const out = new (first.constructor as new (length: number) => EpisodeArray)(rows * size)
    let at = 0
    for (const episode of episodes) {
      out.set(episode.columns[name] as EpisodeArray, at)
      at += episode.length * size
    }
    columns[name] = out
  }
  const { entropy } = await score(columns, rows, offsets)
  let at = 0
  return Float64Array.from(episodes, ({ length }) => {
    let sum = 0
    for (let t = 0; t < length; t++) sum += entropy[at++]!
    return sum / length
  })
}
