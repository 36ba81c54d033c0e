/** Whole groups of episodes, of which those that teach most, or the newest, are kept. */
import type { Pcg64, Serializable } from '@reprise/core'
import { decodeEpisodes, encodeEpisodes } from '../keyed/episodes-state.ts'
import type { StoredEpisode } from '../keyed/stored-episode.ts'
import { fit } from '../select/state.ts'

export interface StoredGroup {
  readonly key: string
  readonly task: number
  readonly episodes: readonly StoredEpisode[]
  /** Sum of |advantage| x deviation of the rewards. */
  readonly score: number
}

export interface GroupStoreOptions {
  readonly capacity: number
  /** Groups of one task; the oldest is given up for a new one. */
  readonly perTask: number
  readonly eviction: 'fifo' | 'lowestScore'
}

export class GroupStore {
  readonly #options: GroupStoreOptions
  /** Oldest first. */
  #groups: StoredGroup[] = []

  constructor(options: GroupStoreOptions) {
    this.#options = options
  }

  get groups(): readonly StoredGroup[] {
    return this.#groups
  }

  /**
   * False where it is known already, or where all that are kept score higher. `episodes` gives what is kept, and is only
   * asked for it where it is.
   */
  add(group: Omit<StoredGroup, 'episodes'>, episodes: () => readonly StoredEpisode[]): boolean {
    const { capacity, perTask, eviction } = this.#options
    if (this.#groups.some(({ key }) => key === group.key)) return false
    const ofTask = this.#groups.filter(({ task }) => task === group.task)
    if (ofTask.length >= perTask) this.#remove(ofTask[0]!)
    if (this.#groups.length >= capacity) {
      let least = this.#groups[0]!
      if (eviction === 'lowestScore') {
        for (const other of this.#groups) if (other.score < least.score) least = other
        if (group.score <= least.score) return false
      }
      this.#remove(least)
    }
    this.#groups.push({ ...group, episodes: episodes() })
    return true
  }

  #remove(group: StoredGroup): void {
    this.#groups.splice(this.#groups.indexOf(group), 1)
  }

  /**
   * `count` of the usable ones: without repeats while there are enough, in proportion to the score where `byScore`.
   * None of none.
   */
  choose(count: number, byScore: boolean, rng: Pcg64, usable: (group: StoredGroup) => boolean): StoredGroup[] {
    const candidates = this.#groups.filter(usable)
    if (candidates.length === 0) return []
    const chosen: StoredGroup[] = []
    let left = [...candidates]
    while (chosen.length < count) {
      if (left.length === 0) {
        if (!byScore) break
        left = [...candidates]
      }
      const i = byScore
        ? drawInProportion(
            left.map(({ score }) => score),
            rng,
          )
        : rng.integers(left.length)
      chosen.push(left[i]!)
      left.splice(i, 1)
    }
    return chosen
  }

  state(): Serializable {
    return {
      keys: this.#groups.map(({ key }) => key),
      tasks: Float64Array.from(this.#groups, ({ task }) => task),
      scores: Float64Array.from(this.#groups, ({ score }) => score),
      sizes: Float64Array.from(this.#groups, ({ episodes }) => episodes.length),
      episodes: encodeEpisodes(this.#groups.flatMap(({ episodes }) => episodes)),
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const keys = saved['keys']
    if (!Array.isArray(keys) || keys.length > this.#options.capacity)
      throw fit.error(`it is no list of at most ${this.#options.capacity} groups`)
    const tasks = fit.float64(saved, 'tasks', keys.length)
    const scores = fit.float64(saved, 'scores', keys.length)
    const sizes = fit.float64(saved, 'sizes', keys.length)
    const episodes = decodeEpisodes(fit.record(saved['episodes'] as Serializable))
    if (sizes.reduce((a, b) => a + b, 0) !== episodes.length) throw fit.error('sizes of groups and episodes differ')
    let at = 0
    this.#groups = keys.map((key, i) => {
      const own = episodes.slice(at, at + sizes[i]!)
      at += sizes[i]!
      return { key: key as string, task: tasks[i]!, score: scores[i]!, episodes: own }
    })
  }
}

/** A place with probability in proportion to its weight >= 0; all the same where all are 0. */
export function drawInProportion(weights: readonly number[], rng: Pcg64): number {
  const total = weights.reduce((a, b) => a + b, 0)
  if (!(total > 0)) return rng.integers(weights.length)
  let left = rng.random() * total
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!
    if (left < 0) return i
  }
  return weights.findLastIndex((weight) => weight > 0)
}
