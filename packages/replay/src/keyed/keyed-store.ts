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
import { overwrite, SpareEntries } from './spare-entries.ts'
import {
  bytesOfEpisode,
  bytesOfRows,
  checkEpisode,
  checkFields,
  copyOfRows,
  type EpisodeColumns,
  type PackedRows,
  type StoredEpisode,
} from './stored-episode.ts'

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
  /** Episode keys remembered, so that the same is not stored twice; older ones are forgotten. Default 65 536; 0: only those stored. */
  readonly keyWindow?: number
  /**
   * Whether an episode that is given up may be written over by a later one of equal length, columns and all, which leaves
   * less garbage and keeps up to half as much memory again: whoever holds an episode must then copy what is to outlast the
   * next add, and an object of columns must keep its arrays. Default false.
   */
  readonly reuse?: boolean
}

export type Admitted = 'stored' | 'duplicate' | 'refused'

/** One stored episode. */
export interface Entry {
  group: GroupKey
  readonly episode: StoredEpisode
  bytes: number
  /** Which layout its columns have; only counted where episodes are written over. */
  readonly generation: number
}

export class KeyedStore {
  readonly #perKey: number
  readonly #total: number
  readonly #admitAbove: number
  readonly #maxBytes: number
  #keys: KeyIndex | undefined
  readonly #spare: SpareEntries | undefined
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
    const { maxBytes = defaultMaxBytes(), keyWindow = 65_536, reuse = false } = options
    const count = (name: string, value: number, most: number) =>
      checkOption(name, value, Number.isSafeInteger(value) && value >= 1 && value <= most, `an integer in [1, ${most}]`)
    count('perKey', perKey, 2 ** 31 - 1)
    if (total !== Number.POSITIVE_INFINITY) count('total', total, 2 ** 31 - 1)
    checkOption('admitAbove', admitAbove, !Number.isNaN(admitAbove), 'a number')
    count('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER)
    if (keyWindow !== 0) count('keyWindow', keyWindow, 2 ** 28)
    this.#perKey = perKey
    this.#total = total
    this.#admitAbove = admitAbove
    this.#maxBytes = maxBytes
    this.#keys = keyWindow === 0 ? undefined : new KeyIndex(keyWindow)
    this.#spare = reuse ? new SpareEntries() : undefined
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

  /** Keys that hold an episode. */
  get keyCount(): number {
    return this.#groups.size
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
    return this.#add(group, { ...episode }, { columns: episode.columns, rows: episode.length, from: 0 })
  }

  /**
   * The same for an episode that lies among others: its columns are copied from there, and nothing is copied of one that
   * is not stored. `episode` itself may become what is stored.
   * @throws RepriseError RPR_OPTION_RANGE; RPR_REPLAY_TOO_LARGE where it alone exceeds maxBytes
   */
  addRows(group: GroupKey, episode: Omit<StoredEpisode, 'columns'>, packed: PackedRows): Admitted {
    checkFields(episode)
    return this.#add(group, episode, packed)
  }

  #add(group: GroupKey, episode: Omit<StoredEpisode, 'columns'>, packed: PackedRows): Admitted {
    checkKey(episode.key)
    const bytes = bytesOfRows(packed, episode.length)
    if (bytes > this.#maxBytes) throw tooLarge(episode.key, bytes, this.#maxBytes)
    if (!(episode.return > this.#admitAbove)) {
      this.#refused++
      return 'refused'
    }
    if (this.#all.has(episode.key) || this.#keys?.add(indexKey(episode.key)) === false) {
      this.#duplicates++
      return 'duplicate'
    }
    const own = this.#groups.get(group)
    if (own !== undefined && own.length === this.#perKey) this.#evict(own[0]!.key)
    while (this.#all.size >= this.#total || this.#bytes + bytes > this.#maxBytes)
      this.#evict(this.#all.keys().next().value!)
    const spare = this.#spare?.take(packed, episode.length)
    if (spare) {
      overwrite(spare.episode, episode)
      copyOfRows(packed, episode.length, spare.episode.columns)
      spare.group = group
      spare.bytes = bytes
      this.#put(spare)
    } else {
      const stored = episode as Omit<StoredEpisode, 'columns'> & { columns: EpisodeColumns }
      stored.columns = copyOfRows(packed, episode.length, undefined)
      this.#put({ group, episode: stored, bytes, generation: this.#generation() })
    }
    return 'stored'
  }

  /** Up to `k` of the key's episodes: see `EpisodeChoice`. @throws RepriseError RPR_OPTION_RANGE */
  choose(group: GroupKey, k: number, choice: EpisodeChoice, rng: Pcg64): StoredEpisode[] {
    checkOption('k', k, Number.isSafeInteger(k) && k >= 0, 'an integer >= 0')
    return chooseEpisodes(this.get(group), k, choice, rng)
  }

  #put(entry: Entry): void {
    const { group, episode } = entry
    const episodes = this.#groups.get(group)
    if (episodes) episodes.push(episode)
    else this.#groups.set(group, [episode])
    this.#all.set(episode.key, entry)
    this.#bytes += entry.bytes
  }

  #generation(): number {
    return this.#spare?.generation ?? 0
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
    this.#bytes -= entry.bytes
    this.#spare?.give(entry, this.#bytes)
    return true
  }

  /** All episodes, oldest first. */
  *episodes(): Iterable<StoredEpisode> {
    for (const { episode } of this.#all.values()) yield episode
  }

  /** Gives up an episode that is the oldest of its key. */
  #evict(key: string): void {
    const entry = this.#all.get(key)!
    const { group, bytes } = entry
    const episodes = this.#groups.get(group)!
    episodes.shift()
    if (episodes.length === 0) this.#groups.delete(group)
    this.#all.delete(key)
    this.#bytes -= bytes
    this.#spare?.give(entry, this.#bytes)
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
      // Keys that have given up their first episode stand before others whose oldest is older.
      order: [...this.#groups.keys()],
      ...encodeEpisodes(entries.map(({ episode }) => episode)),
      counts: Float64Array.of(this.#refused, this.#duplicates, this.#evicted),
      ...(this.#keys ? { keys: this.#keys.state() } : {}),
    }
  }

  /**
   * Takes the place of everything stored; nothing changes where it is refused.
   * @throws RepriseError RPR_STATE_MISMATCH for what is no such state, or more than this store may hold
   */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const { groups, order } = saved
    const episodes = decodeEpisodes(saved)
    const n = episodes.length
    if (!Array.isArray(groups)) throw fit.error('it lists no groups')
    if (groups.length !== n) throw fit.error(`it has ${groups.length} groups for ${n} episodes`)
    const counts = fit.float64(saved, 'counts', 3)
    const entries = episodes.map((episode, i) => {
      const group = groups[i] as GroupKey
      if (typeof group !== 'string' && typeof group !== 'number') throw fit.error(`episode ${i} has no group`)
      return { group, episode, bytes: bytesOfEpisode(episode) }
    })
    this.#checkLoaded(entries)
    // States of before it was kept have none: then that of the oldest episodes.
    const named = new Set(groups as GroupKey[])
    const ordered = order === undefined ? [...named] : (order as GroupKey[])
    if (!Array.isArray(ordered) || ordered.length !== named.size || !ordered.every((group) => named.has(group)))
      throw fit.error('its order is not one of its groups')
    const { keys } = saved
    // A store without a window saves none; what it holds is known all the same.
    if (keys !== undefined) this.#keys?.load(keys)
    else if (this.#keys) {
      this.#keys = new KeyIndex(this.#keys.window)
      for (const { episode } of entries) this.#keys.add(indexKey(episode.key))
    }
    this.#groups.clear()
    this.#all.clear()
    this.#bytes = 0
    this.#spare?.forget()
    for (const group of ordered) this.#groups.set(group, [])
    for (const entry of entries) this.#put({ ...entry, generation: this.#generation() })
    ;[this.#refused, this.#duplicates, this.#evicted] = [counts[0]!, counts[1]!, counts[2]!]
  }

  #checkLoaded(entries: readonly Omit<Entry, 'generation'>[]): void {
    const perGroup = new Map<GroupKey, number>()
    for (const { group } of entries) perGroup.set(group, (perGroup.get(group) ?? 0) + 1)
    const most = Math.max(0, ...perGroup.values())
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
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
