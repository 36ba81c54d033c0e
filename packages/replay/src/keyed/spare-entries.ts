/** Episodes that were given up and may be written over, so that storing one leaves no garbage. */
import { type EpisodeColumns, layoutOf, type PackedRows, type StoredEpisode } from './stored-episode.ts'

export type GroupKey = string | number

/** One stored episode. */
export interface Entry {
  group: GroupKey
  readonly episode: StoredEpisode
  bytes: number
  /** Which layout its columns have; only counted where they are reused. */
  readonly generation: number
}

/** Kept at most. */
const MOST = 256

export class SpareEntries {
  /** By number of decisions, all of one layout: that of the columns that were stored from last. */
  readonly #spare = new Map<number, Entry[]>()
  #count = 0
  #layout = ''
  #generation = 0
  /** Columns that are known to have the layout. */
  #alike = new WeakSet<EpisodeColumns>()

  /** Of what is stored now. */
  get generation(): number {
    return this.#generation
  }

  /** One that an episode of `length` decisions out of `packed` can be written over. */
  take(packed: PackedRows, length: number): Entry | undefined {
    // A batch stores many episodes from the same columns.
    if (!this.#alike.has(packed.columns)) this.#expect(packed)
    const entry = this.#spare.get(length)?.pop()
    if (entry !== undefined) this.#count--
    return entry
  }

  give(entry: Entry): void {
    if (entry.generation !== this.#generation || this.#count === MOST) return
    const { length } = entry.episode
    const spare = this.#spare.get(length)
    if (spare) spare.push(entry)
    else this.#spare.set(length, [entry])
    this.#count++
  }

  /** What is stored from now on may have any layout. */
  forget(): void {
    this.#begin('')
  }

  #expect(packed: PackedRows): void {
    const layout = layoutOf(packed)
    if (layout !== this.#layout) this.#begin(layout)
    this.#alike.add(packed.columns)
  }

  /** What has been given up in another layout is of no more use. */
  #begin(layout: string): void {
    this.#layout = layout
    this.#generation++
    this.#alike = new WeakSet()
    this.#spare.clear()
    this.#count = 0
  }
}

/** Makes `old` the episode `by`, but for its columns. */
export function overwrite(
  old: { -readonly [K in keyof StoredEpisode]: StoredEpisode[K] },
  by: Omit<StoredEpisode, 'columns'>,
): void {
  old.key = by.key
  old.length = by.length
  old.return = by.return
  old.outcome = by.outcome
  old.policyVersion = by.policyVersion
  old.iteration = by.iteration
  old.advantage = by.advantage
  old.truncated = by.truncated
  old.origin = by.origin
}
