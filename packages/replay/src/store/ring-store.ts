/**
 * Transitions in rings of typed arrays, one ring per environment stream, each observation stored once.
 *
 * The slots of stream s are [s * perStream, (s + 1) * perStream). The ring's head is the slot of the observation that
 * waits for its action; it is no transition yet, hence one slot per stream more than the capacity says. A transition in
 * slot p has its next observation in the slot after p, unless it ended its episode: then in the episode table.
 *
 * Long, because it is one data structure: what is written, what is read back and what is saved must agree.
 */
import { allocateColumns, type Columns, type LeafSpec, RepriseError, type Serializable } from '@reprise/core'
import type { StoreSchema } from '../schema.ts'
import { EpisodeTable } from './episode-table.ts'
import { checkKey, KeyIndex } from './key-index.ts'
import { bytesOf, defaultMaxBytes, inWords } from './memory.ts'
import { loadStore, saveStore } from './ring-store-state.ts'
import { copyRowOf } from './rows.ts'
import type { AddReport, StoreChanges, VectorStep } from './vector-step.ts'

/** Bits of `flags`. */
export const LIVE = 1
export const TERMINATED = 2
export const TRUNCATED = 4
/** The episode ended in this step, one way or the other. */
export const ENDED = TERMINATED | TRUNCATED

/** Bytes per slot beside the columns: reward, flags, episode row, step. */
const SLOT_BYTES = 4 + 1 + 4 + 4

export interface RingStoreOptions {
  /** Transitions kept over all streams; rounded up to a multiple of `streams`. */
  readonly capacity: number
  /** Environment streams: rows of every `add`. */
  readonly streams: number
  /** Default: three quarters of the machine's memory. */
  readonly maxBytes?: number
  /** Keys remembered; beyond that the oldest are forgotten. Default: twice the capacity. */
  readonly keyWindow?: number
}

type Counter<T> = { -readonly [K in keyof T]: T[K] }

export class RingStore {
  readonly schema: StoreSchema
  readonly streams: number
  /** Slots of a stream: one more than the transitions that it keeps. */
  readonly perStream: number
  /** All slots; slot numbers are below. */
  readonly slots: number
  /** Transitions kept at most. */
  readonly capacity: number
  /** [slots, ...] */
  readonly observations: Columns
  /** [slots, ...] in the order of the schema's keys; `path` is the name. */
  readonly fields: Columns
  /** [slots] */
  readonly rewards: Float32Array
  /** [slots] LIVE, TERMINATED, TRUNCATED. */
  readonly flags: Uint8Array
  /** [slots] row of the slot's episode in `episodes`. */
  readonly episodeRows: Int32Array
  /** [slots] number of the step in its episode, from 0. */
  readonly steps: Int32Array
  readonly episodes: EpisodeTable
  readonly changes: StoreChanges
  /** [streams] slot of the observation that waits for its action. */
  readonly heads: Int32Array
  /** [streams] transitions stored since the beginning. */
  readonly written: Float64Array
  /** [streams] row of the stream's open episode, -1 where the next step begins one. */
  readonly open: Int32Array
  /** Remembered keys. */
  readonly keys: KeyIndex
  /** Transitions that are live. */
  size = 0
  /** Transitions added since the beginning. */
  added = 0
  /** Episodes begun since the beginning. */
  episodesBegun = 0

  /** Columns that belong to an observation: its leaves, then the fields `ofObservation`. In `finals` in this order. */
  readonly #ofObservation: Columns
  /** Columns that belong to a step. */
  readonly #ofStep: Columns
  readonly #first: ArrayLike<number>[] = []
  readonly #next: ArrayLike<number>[] = []
  readonly #final: ArrayLike<number>[] = []
  readonly #step: ArrayLike<number>[] = []
  readonly #changes: Counter<StoreChanges>
  readonly #report: Counter<AddReport> = { stored: 0, duplicates: 0, skipped: 0 }

  /** @throws RPR_OPTION_RANGE; RPR_REPLAY_TOO_LARGE with the byte count, before anything is allocated */
  constructor(schema: StoreSchema, options: RingStoreOptions) {
    const { capacity, streams, maxBytes = defaultMaxBytes() } = options
    positive('streams', streams)
    positive('capacity', capacity)
    this.schema = schema
    this.streams = streams
    this.perStream = Math.ceil(capacity / streams) + 1
    this.slots = streams * this.perStream
    this.capacity = this.slots - streams
    const fieldLeaves = fieldSpecs(schema)
    const sharedLeaves = [
      ...schema.observation,
      ...fieldLeaves.filter(({ path }) => schema.fields[path]!.ofObservation),
    ]
    const rowBytes = EpisodeTable.rowBytes(sharedLeaves)
    const tableRows = Math.min(2 * streams + 62, this.slots + streams)
    const slotBytes = SLOT_BYTES + bytesOf(schema.observation) + bytesOf(fieldLeaves)
    const bytes = this.slots * slotBytes + tableRows * rowBytes
    if (bytes > maxBytes || this.slots > 2 ** 31 - 1) throw tooLarge(bytes, maxBytes, capacity, slotBytes)
    try {
      this.observations = allocateColumns(schema.observation, this.slots)
      this.fields = allocateColumns(fieldLeaves, this.slots)
      this.rewards = new Float32Array(this.slots)
      this.flags = new Uint8Array(this.slots)
      this.episodeRows = new Int32Array(this.slots)
      this.steps = new Int32Array(this.slots)
    } catch (cause) {
      throw tooLarge(bytes, maxBytes, capacity, slotBytes, cause)
    }
    // An episode has a row while a step of it is live: one per slot and stream is always enough.
    const affordable = tableRows + Math.floor((maxBytes - bytes) / rowBytes)
    this.episodes = new EpisodeTable(sharedLeaves, tableRows, Math.min(affordable, this.slots + 2 * streams))
    const shared = this.fields.filter(({ path }) => schema.fields[path]!.ofObservation)
    this.#ofObservation = [...this.observations, ...shared]
    this.#ofStep = this.fields.filter(({ path }) => !schema.fields[path]!.ofObservation)
    this.heads = Int32Array.from({ length: streams }, (_, s) => s * this.perStream)
    this.written = new Float64Array(streams)
    this.open = new Int32Array(streams).fill(-1)
    this.keys = new KeyIndex(options.keyWindow ?? 2 * this.capacity)
    this.#changes = {
      evicted: new Int32Array(streams),
      evictedCount: 0,
      stored: new Int32Array(streams),
      storedCount: 0,
      ended: new Int32Array(streams),
      endedCount: 0,
    }
    this.changes = this.#changes
  }

  /** Bytes of the columns and the episode table. */
  get bytes(): number {
    const slotBytes = SLOT_BYTES + bytesOf(this.schema.observation) + bytesOf(this.fields)
    return this.slots * slotBytes + this.episodes.bytes
  }

  /**
   * Stores one step of every stream, in the order of the rows. What changed is in `changes`.
   * @throws RPR_SHAPE for a column that is missing or of the wrong length; RPR_OPTION_RANGE for a bad key;
   *   RPR_REPLAY_TOO_LARGE where final observations need more memory than allowed. Nothing is stored then.
   */
  add(step: VectorStep): AddReport {
    this.#bind(step)
    this.episodes.reserve(this.streams)
    const report = this.#report
    report.stored = report.duplicates = report.skipped = 0
    this.#clearChanges()
    for (let row = 0; row < this.streams; row++) {
      if (step.skipped?.[row]) {
        report.skipped++
        continue
      }
      const key = step.keys?.[row]
      if (key !== undefined && !this.keys.add(key)) {
        report.duplicates++
        continue
      }
      report.stored++
      this.#store(row, step)
    }
    return report
  }

  #store(row: number, step: VectorStep): void {
    const { episodes, flags } = this
    const changes = this.#changes
    const shared = this.#ofObservation
    const slot = this.heads[row]!
    let episode = this.open[row]!
    if (episode < 0) {
      episode = episodes.open(slot, this.episodesBegun++)
      this.open[row] = episode
      for (let c = 0; c < shared.length; c++) copyRowOf(this.#first[c]!, row, shared[c]!.data, slot, shared[c]!.size)
    }
    const own = this.#ofStep
    for (let c = 0; c < own.length; c++) copyRowOf(this.#step[c]!, row, own[c]!.data, slot, own[c]!.size)
    const next = this.next(slot)
    if (flags[next]! & LIVE) this.#evict(next)
    const ended = (step.terminated[row] ? TERMINATED : 0) | (step.truncated[row] ? TRUNCATED : 0)
    this.rewards[slot] = step.reward[row]!
    flags[slot] = LIVE | ended
    this.episodeRows[slot] = episode
    this.steps[slot] = episodes.length[episode]!++
    episodes.returns[episode]! += step.reward[row]!
    this.heads[row] = next
    this.written[row]!++
    this.size++
    this.added++
    changes.stored[changes.storedCount++] = slot
    if (ended) {
      const { finals } = episodes
      for (let c = 0; c < shared.length; c++) copyRowOf(this.#final[c]!, row, finals[c]!.data, episode, finals[c]!.size)
      this.#close(row, slot)
    } else
      for (let c = 0; c < shared.length; c++) copyRowOf(this.#next[c]!, row, shared[c]!.data, next, shared[c]!.size)
  }

  #close(stream: number, last: number): void {
    this.episodes.finished[this.open[stream]!] = 1
    this.open[stream] = -1
    this.#changes.ended[this.#changes.endedCount++] = last
  }

  #evict(slot: number): void {
    if (this.flags[slot]! & ENDED) this.episodes.release(this.episodeRows[slot]!)
    this.flags[slot]! &= ~LIVE
    this.size--
    this.#changes.evicted[this.#changes.evictedCount++] = slot
  }

  /**
   * Cuts every open episode after its newest step: truncated, with the waiting observation as its final one. For
   * collection that goes on with new episodes, as after a resume without snapshots.
   * @returns how many episodes were cut; `changes` names their last steps
   */
  interrupt(): number {
    this.#clearChanges()
    const shared = this.#ofObservation
    for (let stream = 0; stream < this.streams; stream++) {
      const episode = this.open[stream]!
      if (episode < 0) continue
      const head = this.heads[stream]!
      const last = this.previous(head)
      const { finals } = this.episodes
      for (let c = 0; c < shared.length; c++)
        copyRowOf(shared[c]!.data, head, finals[c]!.data, episode, shared[c]!.size)
      this.flags[last]! |= TRUNCATED
      this.#close(stream, last)
    }
    return this.#changes.endedCount
  }

  // ------------------------------------------------------------------ reading

  /** The slot after `slot` in its ring. */
  next(slot: number): number {
    return (slot + 1) % this.perStream === 0 ? slot + 1 - this.perStream : slot + 1
  }

  /** The slot before `slot` in its ring. */
  previous(slot: number): number {
    return slot % this.perStream === 0 ? slot + this.perStream - 1 : slot - 1
  }

  streamOf(slot: number): number {
    return Math.floor(slot / this.perStream)
  }

  /**
   * How often a transition in `slot` has been evicted, modulo 2^32: a handle is stale where it differs. Follows from how
   * many transitions its ring has seen; nothing is kept per slot, so that asking costs no access to memory.
   */
  generationOf(slot: number): number {
    const { perStream } = this
    const stream = Math.floor(slot / perStream)
    return generationAt(slot - stream * perStream, this.written[stream]!, perStream)
  }

  isLive(slot: number): boolean {
    return (this.flags[slot]! & LIVE) !== 0
  }

  /** The row of the slot's episode in `episodes`: the same for all its steps, reused once the episode is evicted. */
  episodeOf(slot: number): number {
    return this.episodeRows[slot]!
  }

  /** Slot of a step of an episode. The step must be live (or the one that waits): not checked. */
  slotOfStep(episode: number, step: number): number {
    const start = this.episodes.start[episode]!
    const base = start - (start % this.perStream)
    return base + ((start - base + step) % this.perStream)
  }

  /** Steps from a slot to the newest of its episode, itself included: 1 for the last step. */
  stepsToEnd(slot: number): number {
    return this.episodes.length[this.episodeRows[slot]!]! - this.steps[slot]!
  }

  /** True where every step of the episode is live and it has ended. */
  isWhole(episode: number): boolean {
    if (this.episodes.finished[episode] === 0 || this.episodes.length[episode]! >= this.perStream) return false
    const start = this.episodes.start[episode]!
    return this.isLive(start) && this.episodeRows[start] === episode && this.steps[start] === 0
  }

  /** Copies the observation that the step in `slot` answered to a row of `target`. */
  copyObservation(slot: number, target: Columns, row: number): void {
    for (let c = 0; c < this.observations.length; c++) {
      const { data, size } = this.observations[c]!
      copyRowOf(data, slot, target[c]!.data, row, size)
    }
  }

  /** Copies the observation after the last step of a finished episode. */
  copyFinalObservation(episode: number, target: Columns, row: number): void {
    for (let c = 0; c < this.observations.length; c++) {
      const { data, size } = this.episodes.finals[c]!
      copyRowOf(data, episode, target[c]!.data, row, size)
    }
  }

  /** Copies the observation after the step in `slot`: the final one where the episode ended there. */
  copyNextObservation(slot: number, target: Columns, row: number): void {
    if (this.flags[slot]! & ENDED) this.copyFinalObservation(this.episodeRows[slot]!, target, row)
    else this.copyObservation(this.next(slot), target, row)
  }

  // ------------------------------------------------------------------ saving

  /** Everything stored, as plain data. `copy: false` gives the store's own arrays: for writing them to a file at once. */
  state(copy = true): Serializable {
    return saveStore(this, copy)
  }

  /** @throws RPR_STATE_MISMATCH, before anything changes, for a state of another schema or size or with wrong arrays */
  load(state: Serializable): void {
    loadStore(this, state)
    this.#clearChanges()
  }

  // ------------------------------------------------------------------ checking

  #clearChanges(): void {
    const changes = this.#changes
    changes.evictedCount = changes.storedCount = changes.endedCount = 0
  }

  /** Finds and checks the source of every column. */
  #bind(step: VectorStep): void {
    const { streams, schema } = this
    const { observation, nextObservation, finalObservation } = step
    bindColumns(observation, this.observations, streams, 'observation', this.#first)
    bindColumns(nextObservation, this.observations, streams, 'nextObservation', this.#next)
    bindColumns(finalObservation, this.observations, streams, 'finalObservation', this.#final)
    let own = 0
    let shared = this.observations.length
    for (let c = 0; c < this.fields.length; c++) {
      const { path, size } = this.fields[c]!
      if (schema.fields[path]!.ofObservation) {
        this.#first[shared] = checked(step.fields[path], streams * size, 'fields', path)
        this.#next[shared] = checked(step.nextFields?.[path], streams * size, 'nextFields', path)
        this.#final[shared++] = checked(step.finalFields?.[path], streams * size, 'finalFields', path)
      } else this.#step[own++] = checked(step.fields[path], streams * size, 'fields', path)
    }
    checked(step.reward, streams, 'reward')
    checked(step.terminated, streams, 'terminated')
    checked(step.truncated, streams, 'truncated')
    if (step.skipped !== undefined) checked(step.skipped, streams, 'skipped')
    if (step.keys !== undefined) {
      if (step.keys.length !== streams) throw wrongLength('keys', step.keys.length, streams)
      for (let i = 0; i < streams; i++) if (step.keys[i] !== undefined) checkKey(step.keys[i]!)
    }
  }
}

/** `generationOf` the slot at `position` of a ring that has seen `written` transitions. */
export function generationAt(position: number, written: number, perStream: number): number {
  const rounds = written - position
  return rounds < perStream ? 0 : Math.floor(rounds / perStream) >>> 0
}

function bindColumns(given: Columns, columns: Columns, streams: number, what: string, out: ArrayLike<number>[]): void {
  if (given.length !== columns.length) throw wrongLength(`${what}: leaves`, given.length, columns.length)
  for (let c = 0; c < columns.length; c++) {
    out[c] = checked(given[c]!.data, streams * columns[c]!.size, what, columns[c]!.path)
  }
}

function checked(array: ArrayLike<number> | undefined, length: number, what: string, name?: string): ArrayLike<number> {
  if (array === undefined || array.length !== length)
    throw wrongLength(name ? `${what}.${name}` : what, array?.length, length)
  return array
}

function wrongLength(what: string, given: number | undefined, wanted: number): RepriseError {
  const message =
    given === undefined
      ? `${what} is missing; it has ${wanted} elements.`
      : `${what} has ${given} elements, not ${wanted}.`
  return new RepriseError('RPR_SHAPE', message, {
    value: given,
    hint: 'Every column of a step holds one row per stream, with the sizes of the schema.',
  })
}

function fieldSpecs(schema: StoreSchema): LeafSpec[] {
  return Object.entries(schema.fields).map(([path, { dtype, shape }]) => ({
    path,
    dtype,
    shape,
    size: shape.reduce((a, b) => a * b, 1),
  }))
}

function positive(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new RepriseError('RPR_OPTION_RANGE', `${name} is ${value}; it must be an integer >= 1.`, { value })
}

function tooLarge(bytes: number, maxBytes: number, capacity: number, slotBytes: number, cause?: unknown): RepriseError {
  return new RepriseError(
    'RPR_REPLAY_TOO_LARGE',
    `A replay of capacity ${capacity} needs ${inWords(bytes)}; allowed are ${inWords(maxBytes)}.`,
    {
      value: bytes,
      hint: `Lower capacity to ${Math.max(1, Math.floor(maxBytes / slotBytes))} or less (${slotBytes} bytes per transition), or raise maxBytes.`,
      cause,
    },
  )
}
