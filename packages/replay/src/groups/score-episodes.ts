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

/** Columns as they were stored, [rows, ...]. */
export type ScoreRows = (columns: { readonly [name: string]: EpisodeArray }, rows: number) => MaybePromise<Scores>

/** Mean entropy of the policy over the decisions of each episode. */
export async function entropiesOf(episodes: readonly StoredEpisode[], score: ScoreRows): Promise<Float64Array> {
  const rows = episodes.reduce((sum, { length }) => sum + length, 0)
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
  const { entropy } = await score(columns, rows)
  let at = 0
  return Float64Array.from(episodes, ({ length }) => {
    let sum = 0
    for (let t = 0; t < length; t++) sum += entropy[at++]!
    return sum / length
  })
}
