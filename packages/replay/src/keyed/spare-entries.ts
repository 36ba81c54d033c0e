/** Episodes that were given up and may be written over, so that storing one leaves no garbage. */
import type { Entry } from './keyed-store.ts'
import { type EpisodeColumns, layoutOf, type PackedRows, type StoredEpisode } from './stored-episode.ts'

/** Kept at most. */
const MOST = 256

export class SpareEntries {
  /** By number of decisions, all of one layout: that of the columns that were stored from last. */
  readonly #spare = new Map<number, Entry[]>()
  #count = 0
  #bytes = 0
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
    if (entry === undefined) return undefined
    this.#count--
    this.#bytes -= entry.bytes
    return entry
  }

  /** `stored`: bytes of all that is stored; what is spare takes no more than half as many. */
  give(entry: Entry, stored: number): void {
    if (entry.generation !== this.#generation) return
    // Where lengths drift, what is here fits nothing any more.
    if (this.#count === MOST || this.#bytes + entry.bytes > stored / 2) this.#clear()
    const { length } = entry.episode
    const spare = this.#spare.get(length)
    if (spare) spare.push(entry)
    else this.#spare.set(length, [entry])
    this.#count++
    this.#bytes += entry.bytes
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
    this.#clear()
  }

  #clear(): void {
    this.#spare.clear()
    this.#count = this.#bytes = 0
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

type Written =
  | 'key'
  | 'length'
  | 'return'
  | 'outcome'
  | 'policyVersion'
  | 'iteration'
  | 'advantage'
  | 'truncated'
  | 'origin'
/** Does not compile where `overwrite` leaves a field out. */
true satisfies [Exclude<keyof StoredEpisode, Written | 'columns'>] extends [never] ? true : false
