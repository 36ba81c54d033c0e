/**
 * Many small stores of whole episodes, one per key: prompts, tasks, levels. What replay for language models and agents
 * keeps: the last few successes of each task (ARPO: 8 with a return above 0.1), the last rollouts of each prompt (RePO: 16).
 */
import { type Pcg64, RepriseError, type Serializable } from '@reprise/core'
import { checkOption, fit } from '../select/state.ts'
import { checkKey, KeyIndex } from '../store/key-index.ts'
import { defaultMaxBytes, inWords } from '../store/memory.ts'
import { chooseEpisodes, type EpisodeChoice } from './choose-episodes.ts'
import { decodeEpisodes, encodeEpisodes } from './episodes-state.ts'
import { bytesOfEpisode, checkEpisode, copyOfEpisode, type StoredEpisode } from './stored-episode.ts'

export type GroupKey = string | number

export interface KeyedStoreOptions {
  /** Episodes kept per key; the oldest is given up for a new one. Default 8. */
  readonly perKey?: number
  /** Episodes kept over all keys; the oldest of all is given up. Default: no limit. */
  readonly total?: number
  /** Only episodes whose return is greater than this are stored. Default: all. */
  readonly admitAbove?: number
  /** Memory for columns; the oldest episodes of all are given up. Default: three quarters of the machine's. */
  readonly maxBytes?: number
  /** Episode keys remembered, so that the same is not stored twice; older ones are forgotten. Default 65 536. */
  readonly keyWindow?: number
}

export type Admitted = 'stored' | 'duplicate' | 'refused'

interface Entry {
  readonly group: GroupKey
  readonly episode: StoredEpisode
}

export class KeyedStore {
  readonly #perKey: number
  readonly #total: number
  readonly #admitAbove: number
  readonly #maxBytes: number
  readonly #keys: KeyIndex
  /** Oldest first. A key without episodes is not in it. */
  readonly #groups = new Map<GroupKey, StoredEpisode[]>()
  /** All episodes by their key, oldest first: a Map keeps the order of its insertions. */
  readonly #all = new Map<string, Entry>()
  #bytes = 0
  #refused = 0
  #duplicates = 0
  #evicted = 0

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(options: KeyedStoreOptions = {}) {
    const { perKey = 8, total = Number.POSITIVE_INFINITY, admitAbove = Number.NEGATIVE_INFINITY } = options
    const { maxBytes = defaultMaxBytes(), keyWindow = 65_536 } = options
    const count = (name: string, value: number, most: number) =>
      checkOption(name, value, Number.isSafeInteger(value) && value >= 1 && value <= most, `an integer in [1, ${most}]`)
    count('perKey', perKey, 2 ** 31 - 1)
    if (total !== Number.POSITIVE_INFINITY) count('total', total, 2 ** 31 - 1)
    checkOption('admitAbove', admitAbove, !Number.isNaN(admitAbove), 'a number')
    count('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER)
    count('keyWindow', keyWindow, 2 ** 28)
    this.#perKey = perKey
    this.#total = total
    this.#admitAbove = admitAbove
    this.#maxBytes = maxBytes
    this.#keys = new KeyIndex(keyWindow)
  }

  /** Episodes over all keys. */
  get size(): number {
    return this.#all.size
  }

  /** Bytes of all columns. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keys that hold an episode, in the order of their first one. */
  get groups(): readonly GroupKey[] {
    return [...this.#groups.keys()]
  }

  /** Episodes of one key. */
  count(group: GroupKey): number {
    return this.#groups.get(group)?.length ?? 0
  }

  /** Episodes of one key, oldest first. */
  get(group: GroupKey): readonly StoredEpisode[] {
    return this.#groups.get(group) ?? []
  }

  /**
   * Stores a copy. `duplicate` where the episode's key is known, also of one that has been given up since; `refused` where
   * its return is not above the threshold.
   * @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE; RPR_REPLAY_TOO_LARGE where it alone exceeds maxBytes
   */
  add(group: GroupKey, episode: StoredEpisode): Admitted {
    checkEpisode(episode)
    checkKey(episode.key)
    const bytes = bytesOfEpisode(episode)
    if (bytes > this.#maxBytes) throw tooLarge(episode.key, bytes, this.#maxBytes)
    if (!(episode.return > this.#admitAbove)) {
      this.#refused++
      return 'refused'
    }
    if (this.#all.has(episode.key) || !this.#keys.add(indexKey(episode.key))) {
      this.#duplicates++
      return 'duplicate'
    }
    if (this.count(group) === this.#perKey) this.#evict(this.#groups.get(group)![0]!.key)
    while (this.#all.size >= this.#total || this.#bytes + bytes > this.#maxBytes)
      this.#evict(this.#all.keys().next().value!)
    this.#put(group, copyOfEpisode(episode))
    return 'stored'
  }

  /** Up to `k` of the key's episodes: see `EpisodeChoice`. @throws RepriseError RPR_OPTION_RANGE */
  choose(group: GroupKey, k: number, choice: EpisodeChoice, rng: Pcg64): StoredEpisode[] {
    checkOption('k', k, Number.isSafeInteger(k) && k >= 0, 'an integer >= 0')
    return chooseEpisodes(this.get(group), k, choice, rng)
  }

  #put(group: GroupKey, episode: StoredEpisode): void {
    const episodes = this.#groups.get(group)
    if (episodes) episodes.push(episode)
    else this.#groups.set(group, [episode])
    this.#all.set(episode.key, { group, episode })
    this.#bytes += bytesOfEpisode(episode)
  }

  /** Gives up all of a group's episodes; their keys stay known. */
  removeGroup(group: GroupKey): void {
    for (const { key } of [...this.get(group)]) this.remove(key)
  }

  /** Gives one episode up, by its key; the key stays known. False where it is not stored. */
  remove(key: string): boolean {
    const entry = this.#all.get(key)
    if (entry === undefined) return false
    const episodes = this.#groups.get(entry.group)!
    episodes.splice(episodes.indexOf(entry.episode), 1)
    if (episodes.length === 0) this.#groups.delete(entry.group)
    this.#all.delete(key)
    this.#bytes -= bytesOfEpisode(entry.episode)
    return true
  }

  /** All episodes, oldest first. */
  *episodes(): Iterable<StoredEpisode> {
    for (const { episode } of this.#all.values()) yield episode
  }

  /** Gives up an episode that is the oldest of its key. */
  #evict(key: string): void {
    const { group, episode } = this.#all.get(key)!
    const episodes = this.#groups.get(group)!
    episodes.shift()
    if (episodes.length === 0) this.#groups.delete(group)
    this.#all.delete(key)
    this.#bytes -= bytesOfEpisode(episode)
    this.#evicted++
  }

  metrics(): Record<string, number> {
    return {
      size: this.size,
      keys: this.#groups.size,
      bytes: this.#bytes,
      refused: this.#refused,
      duplicates: this.#duplicates,
      evicted: this.#evicted,
    }
  }

  /** Everything stored, as typed arrays and plain data, oldest episode first. */
  state(): Serializable {
    const entries = [...this.#all.values()]
    return {
      groups: entries.map(({ group }) => group),
      ...encodeEpisodes(entries.map(({ episode }) => episode)),
      counts: Float64Array.of(this.#refused, this.#duplicates, this.#evicted),
      keys: this.#keys.state(),
    }
  }

  /**
   * Takes the place of everything stored; nothing changes where it is refused.
   * @throws RepriseError RPR_STATE_MISMATCH for what is no such state, or more than this store may hold
   */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const { groups } = saved
    const episodes = decodeEpisodes(saved)
    const n = episodes.length
    if (!Array.isArray(groups)) throw fit.error('it lists no groups')
    if (groups.length !== n) throw fit.error(`it has ${groups.length} groups for ${n} episodes`)
    const counts = fit.float64(saved, 'counts', 3)
    const entries = episodes.map((episode, i): Entry => {
      const group = groups[i] as GroupKey
      if (typeof group !== 'string' && typeof group !== 'number') throw fit.error(`episode ${i} has no group`)
      return { group, episode }
    })
    this.#checkLoaded(entries)
    this.#keys.load(saved['keys'] ?? null)
    this.#groups.clear()
    this.#all.clear()
    this.#bytes = 0
    for (const { group, episode } of entries) this.#put(group, episode)
    ;[this.#refused, this.#duplicates, this.#evicted] = [counts[0]!, counts[1]!, counts[2]!]
  }

  #checkLoaded(entries: readonly Entry[]): void {
    const perGroup = new Map<GroupKey, number>()
    for (const { group } of entries) perGroup.set(group, (perGroup.get(group) ?? 0) + 1)
    const most = Math.max(0, ...perGroup.values())
    const bytes = entries.reduce((sum, { episode }) => sum + bytesOfEpisode(episode), 0)
    if (new Set(entries.map(({ episode }) => episode.key)).size !== entries.length)
      throw fit.error('two of its episodes have the same key')
    if (most > this.#perKey) throw fit.error(`it has ${most} episodes of one key, here ${this.#perKey} are kept`)
    if (entries.length > this.#total) throw fit.error(`it has ${entries.length} episodes, here ${this.#total} are kept`)
    if (bytes > this.#maxBytes) throw fit.error(`it needs ${inWords(bytes)}, allowed are ${inWords(this.#maxBytes)}`)
  }
}

/** Text that is a number is remembered as one, which needs no hash. */
function indexKey(key: string): string | readonly number[] {
  return /^(0|[1-9]\d{0,14})$/.test(key) ? [Number(key)] : key
}

function tooLarge(key: string, bytes: number, maxBytes: number): RepriseError {
  return new RepriseError(
    'RPR_REPLAY_TOO_LARGE',
    `Episode '${key}' needs ${inWords(bytes)}; allowed are ${inWords(maxBytes)} for all.`,
    { value: bytes, hint: 'Raise maxBytes, or store fewer or smaller columns.' },
  )
}
