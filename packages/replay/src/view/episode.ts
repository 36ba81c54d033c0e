import { allocateColumns, type Columns, type TypedArray } from '@reprise/core'
import { type RingStore, TERMINATED } from '../store/ring-store.ts'
import { gatherRows } from '../store/rows.ts'
import { allocateDrawnRows, byName, checkInteger } from './drawn-rows.ts'
import type { DrawnRows, ItemSink, View } from './view.ts'

/** Longest episode that a batch has room for, unless told otherwise. */
const DEFAULT_LENGTH = 1000

export interface EpisodeOptions {
  /** Longer episodes are no items: a batch has room for B episodes of this length. Default 1000, or the ring's length. */
  readonly maxLength?: number
}

/** Whole episodes, packed: the steps of episode e are rows offsets[e] to offsets[e + 1]. */
export interface EpisodeBatch extends DrawnRows {
  /** [B + 1] */
  readonly offsets: Int32Array
  /** [B * maxLength, ...] the observations of the steps; rows from offsets[B] on are left over from earlier draws. */
  readonly observation: Columns
  /** [B, ...] the observation after the last step of each episode. */
  readonly finalObservation: Columns
  /** [B * maxLength, ...] */
  readonly fields: Readonly<Record<string, TypedArray>>
  /** [B * maxLength] */
  readonly reward: Float32Array
  /** [B] 1 where the task itself ended; 0 where the episode was cut. */
  readonly terminated: Uint8Array
  /** [B] undiscounted return. */
  readonly returns: Float64Array
}

export function episode(store: RingStore, options: EpisodeOptions = {}): EpisodeView {
  return new EpisodeView(store, options)
}

/** Item = a finished episode whose steps are all live, named by the slot of its first step. */
export class EpisodeView implements View<EpisodeBatch> {
  readonly store: RingStore
  readonly maxLength: number
  readonly items: string
  /** Slots of the steps of a batch, packed. */
  #index = new Int32Array(0)
  #finals = new Int32Array(0)

  /** @throws RPR_OPTION_RANGE */
  constructor(store: RingStore, { maxLength = Math.min(DEFAULT_LENGTH, store.perStream - 1) }: EpisodeOptions = {}) {
    checkInteger('maxLength', maxLength, 1, store.perStream - 1)
    this.store = store
    this.maxLength = maxLength
    this.items = `episodes up to ${maxLength}`
  }

  eligible(slot: number): boolean {
    const { store } = this
    return store.isLive(slot) && store.steps[slot] === 0 && this.#isItem(store.episodeOf(slot))
  }

  #isItem(episode: number): boolean {
    return this.store.isWhole(episode) && this.store.episodes.length[episode]! <= this.maxLength
  }

  isLast(): boolean {
    return true
  }

  onWrite(sink: ItemSink): void {
    const { store } = this
    const { evicted, evictedCount, ended, endedCount } = store.changes
    for (let i = 0; i < evictedCount; i++) sink.remove(evicted[i]!)
    for (let i = 0; i < endedCount; i++) {
      const episode = store.episodeOf(ended[i]!)
      if (this.#isItem(episode)) sink.insert(store.episodes.start[episode]!)
    }
  }

  allocate(rows: number): EpisodeBatch {
    const { store } = this
    const drawn = allocateDrawnRows(rows)
    const steps = rows * this.maxLength
    return {
      ...drawn,
      offsets: new Int32Array(rows + 1),
      observation: allocateColumns(store.schema.observation, steps),
      finalObservation: allocateColumns(store.schema.observation, rows),
      fields: byName(allocateColumns(store.fields, steps)),
      reward: new Float32Array(steps),
      terminated: new Uint8Array(rows),
      returns: new Float64Array(rows),
    }
  }

  gather(batch: EpisodeBatch): void {
    const { store } = this
    const { episodes } = store
    const { rows, handles, offsets, terminated, returns } = batch
    if (this.#finals.length < rows) {
      this.#finals = new Int32Array(rows)
      this.#index = new Int32Array(rows * this.maxLength)
    }
    const index = this.#index
    let at = 0
    for (let row = 0; row < rows; row++) {
      let slot = handles.slots[row]!
      const episode = store.episodeOf(slot)
      handles.generations[row] = store.generationOf(slot)
      offsets[row] = at
      for (let k = episodes.length[episode]!; k > 0; k--, slot = store.next(slot)) index[at++] = slot
      this.#finals[row] = ~episode
      returns[row] = episodes.returns[episode]!
      terminated[row] = store.flags[store.previous(slot)]! & TERMINATED ? 1 : 0
    }
    offsets[rows] = at
    for (let i = 0; i < at; i++) batch.reward[i] = store.rewards[index[i]!]!
    for (let c = 0; c < store.observations.length; c++) {
      const { data, size } = store.observations[c]!
      const finals = episodes.finals[c]!.data
      gatherRows(data, finals, size, index, at, batch.observation[c]!.data, size, 0)
      gatherRows(data, finals, size, this.#finals, rows, batch.finalObservation[c]!.data, size, 0)
    }
    for (let c = 0; c < store.fields.length; c++) {
      const { path, data, size } = store.fields[c]!
      gatherRows(data, data, size, index, at, batch.fields[path] as Columns[number]['data'], size, 0)
    }
  }
}
