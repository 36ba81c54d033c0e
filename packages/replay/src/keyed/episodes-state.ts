/** Many stored episodes as typed arrays and plain data, and back. */
import type { Serializable, TypedArray } from '@reprise/core'
import { fit } from '../select/state.ts'
import { checkEpisode, copyOfEpisode, type StoredEpisode } from './stored-episode.ts'

type Saved = Readonly<Record<string, Serializable>>

export function encodeEpisodes(episodes: readonly StoredEpisode[]): Record<string, Serializable> {
  const numbers = (read: (episode: StoredEpisode) => number) => Float64Array.from(episodes, read)
  return {
    names: episodes.map(({ key }) => key),
    columns: episodes.map((episode) => copyOfEpisode(episode).columns),
    lengths: numbers(({ length }) => length),
    returns: numbers((episode) => episode.return),
    outcomes: numbers(({ outcome }) => outcome),
    policyVersions: numbers(({ policyVersion }) => policyVersion),
    iterations: numbers(({ iteration }) => iteration ?? 0),
    advantages: numbers(({ advantage }) => advantage ?? Number.NaN),
    truncated: numbers(({ truncated }) => (truncated ? 1 : 0)),
    origins: episodes.map(({ origin }) => origin ?? ''),
  }
}

/** @throws RepriseError RPR_STATE_MISMATCH for what is none */
export function decodeEpisodes(saved: Saved): StoredEpisode[] {
  const { names, columns, origins = [] } = saved
  if (!Array.isArray(names) || !Array.isArray(columns) || !Array.isArray(origins))
    throw fit.error('it lists no episodes')
  const n = names.length
  if (columns.length !== n) throw fit.error(`it has ${columns.length} sets of columns for ${n} episodes`)
  const lengths = fit.float64(saved, 'lengths', n)
  const returns = fit.float64(saved, 'returns', n)
  const outcomes = fit.float64(saved, 'outcomes', n)
  const policyVersions = fit.float64(saved, 'policyVersions', n)
  // States of before these were kept have none.
  const later = (name: string) => (saved[name] === undefined ? undefined : fit.float64(saved, name, n))
  const iterations = later('iterations')
  const advantages = later('advantages')
  const truncated = later('truncated')
  return names.map((key, i) => {
    const arrays = fit.record(columns[i] as Serializable)
    if (!Object.values(arrays).every(ArrayBuffer.isView)) throw fit.error(`episode ${i} has no columns`)
    const episode = copyOfEpisode({
      key: key as string,
      columns: arrays as Readonly<Record<string, TypedArray>>,
      length: lengths[i]!,
      return: returns[i]!,
      outcome: outcomes[i]!,
      policyVersion: policyVersions[i]!,
      ...(iterations?.[i] ? { iteration: iterations[i]! } : {}),
      ...(advantages && !Number.isNaN(advantages[i]!) ? { advantage: advantages[i]! } : {}),
      ...(truncated?.[i] ? { truncated: true } : {}),
      ...(origins[i] ? { origin: origins[i] as string } : {}),
    })
    try {
      checkEpisode(episode)
    } catch (error) {
      throw fit.error((error as Error).message)
    }
    return episode
  })
}
