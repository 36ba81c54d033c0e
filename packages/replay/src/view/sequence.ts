import { allocateColumns, type Columns, RepriseError, type TypedArray } from '@reprise/core'
import { ENDED, type RingStore, TERMINATED, TRUNCATED } from '../store/ring-store.ts'
import { gatherRows } from '../store/rows.ts'
import { allocateDrawnRows, byName, checkInteger, withAxes } from './drawn-rows.ts'
import type { DrawnRows, ItemSink, View } from './view.ts'

export interface SequenceOptions {
  /** Steps of a sequence, burn-in included. */
  readonly length: number
  /** Steps from the start of one sequence to that of the next. Default: length - burnIn. */
  readonly period?: number
  /** First steps that only warm up a memory. Default 0. */
  readonly burnIn?: number
  /** Fields of which only the first step's value is wanted: the memory of the policy there. */
  readonly storedState?: readonly string[]
}

/** Sequences of steps of one episode: B rows of L steps, padded with zeros after the last one. */
export interface SequenceBatch extends DrawnRows {
  readonly length: number
  readonly burnIn: number
  /** [B, L + 1, ...] of a row with m steps: the observations of its steps and the one after the last; then zeros. */
  readonly observation: Columns
  /** [B, L, ...] the stored columns by name; [B, L + 1, ...] those that belong to observations. */
  readonly fields: Readonly<Record<string, TypedArray>>
  /** [B, ...] the fields named in `storedState`, at the first step. */
  readonly initial: Readonly<Record<string, TypedArray>>
  /** [B, L] */
  readonly reward: Float32Array
  /** [B, L] 1 where the task ended in that step. */
  readonly terminated: Uint8Array
  /** [B, L] 1 where the episode was cut in that step. */
  readonly truncated: Uint8Array
  /** [B, L] 1 for real steps. */
  readonly mask: Uint8Array
  /** [B] m: real steps of the row. */
  readonly steps: Int32Array
}

export function sequence(store: RingStore, options: SequenceOptions): SequenceView {
  return new SequenceView(store, options)
}

/**
 * Item = the steps t to t + length - 1 of an episode, t a multiple of `period`, named by the slot of step t. It comes
 * into being with its last step. No item crosses an episode's end: there, the one start whose full sequence would
 * reach beyond the end, and whose steps the start before does not hold already, is an item with fewer steps. (With
 * a period above the length, starts whose steps no other item holds.)
 */
export class SequenceView implements View<SequenceBatch> {
  readonly store: RingStore
  readonly length: number
  readonly period: number
  readonly burnIn: number
  readonly items: string
  readonly #stored: readonly string[]
  /** [B, L + 1] where the rows' observations lie, and [B] the first slots. */
  #index = new Int32Array(0)

  /** @throws RPR_OPTION_RANGE, RPR_REPLAY_CONFIG for a stored state that is no field */
  constructor(store: RingStore, { length, burnIn = 0, period = length - burnIn, storedState = [] }: SequenceOptions) {
    checkInteger('length', length, 1, store.perStream - 1)
    checkInteger('burnIn', burnIn, 0, length - 1)
    checkInteger('period', period, 1)
    for (const name of storedState) {
      if (store.schema.fields[name] !== undefined) continue
      throw new RepriseError('RPR_REPLAY_CONFIG', `The stored state '${name}' is no column of the store.`, {
        value: name,
        hint: `Columns: ${Object.keys(store.schema.fields).join(', ')}.`,
      })
    }
    this.store = store
    this.length = length
    this.period = period
    this.burnIn = burnIn
    this.items = `sequences of ${length} every ${period}`
    this.#stored = storedState
  }

  eligible(slot: number): boolean {
    const { store } = this
    if (!store.isLive(slot)) return false
    const step = store.steps[slot]!
    if (step % this.period !== 0) return false
    const episode = store.episodeOf(slot)
    const length = store.episodes.length[episode]!
    return step + this.length <= length || (store.episodes.finished[episode] === 1 && this.#isShort(step, length))
  }

  /** Whether the start at `step` of a finished episode of `length` steps is an item although it is cut short. */
  #isShort(step: number, length: number): boolean {
    const before = step - this.period + this.length
    return step < length && step + this.length > length && (step === 0 || before < length)
  }

  isLast(slot: number): boolean {
    const { store } = this
    return store.stepsToEnd(slot) <= this.length && store.episodes.finished[store.episodeOf(slot)] === 1
  }

  onWrite(sink: ItemSink): void {
    const { store, length, period } = this
    const { evicted, evictedCount, stored, storedCount, ended, endedCount } = store.changes
    for (let i = 0; i < evictedCount; i++) sink.remove(evicted[i]!)
    for (let i = 0; i < storedCount; i++) {
      const slot = stored[i]!
      const start = store.steps[slot]! - length + 1
      if (start >= 0 && start % period === 0) this.#insert(store.slotOfStep(store.episodeOf(slot), start), sink)
    }
    for (let i = 0; i < endedCount; i++) {
      const episode = store.episodeOf(ended[i]!)
      const steps = store.episodes.length[episode]!
      const first = Math.max(0, steps - length + 1)
      for (let start = Math.ceil(first / period) * period; start < steps; start += period) {
        if (this.#isShort(start, steps)) this.#insert(store.slotOfStep(episode, start), sink)
      }
    }
  }

  #insert(slot: number, sink: ItemSink): void {
    if (this.store.isLive(slot)) sink.insert(slot)
  }

  allocate(rows: number): SequenceBatch {
    const { store, length } = this
    const { fields } = store.schema
    const drawn = allocateDrawnRows(rows)
    const own = store.fields.filter(({ path }) => !fields[path]!.ofObservation)
    const shared = store.fields.filter(({ path }) => fields[path]!.ofObservation)
    const initial = store.fields.filter(({ path }) => this.#stored.includes(path))
    return {
      ...drawn,
      length,
      burnIn: this.burnIn,
      observation: allocateColumns(withAxes(store.schema.observation, length + 1), rows),
      fields: {
        ...byName(allocateColumns(withAxes(own, length), rows)),
        ...byName(allocateColumns(withAxes(shared, length + 1), rows)),
      },
      initial: byName(allocateColumns(withAxes(initial), rows)),
      reward: new Float32Array(rows * length),
      terminated: new Uint8Array(rows * length),
      truncated: new Uint8Array(rows * length),
      mask: new Uint8Array(rows * length),
      steps: new Int32Array(rows),
    }
  }

  gather(batch: SequenceBatch): void {
    const { store, length } = this
    const { rows } = batch
    if (this.#index.length < rows * (length + 1)) this.#index = new Int32Array(rows * (length + 1))
    this.#walk(batch)
    const { observations, fields, episodes, schema } = store
    for (let c = 0; c < observations.length; c++)
      this.#gatherPadded(observations[c]!, episodes.finals[c]!, batch, batch.observation[c]!.data, length + 1)
    let shared = observations.length
    for (let c = 0; c < fields.length; c++) {
      const column = fields[c]!
      const out = batch.fields[column.path] as Columns[number]['data']
      if (schema.fields[column.path]!.ofObservation)
        this.#gatherPadded(column, episodes.finals[shared++]!, batch, out, length + 1)
      else this.#gatherPadded(column, column, batch, out, length)
      const initial = batch.initial[column.path] as Columns[number]['data'] | undefined
      if (initial !== undefined)
        gatherRows(column.data, column.data, column.size, batch.handles.slots, rows, initial, column.size, 0)
    }
  }

  /** Step t of every row that has one, then the next t; the rest of a row is zero. */
  #gatherPadded(
    from: Columns[number],
    finals: Columns[number],
    { rows, steps }: SequenceBatch,
    out: Columns[number]['data'],
    width: number,
  ): void {
    const { size } = from
    const stride = width * size
    const index = this.#index
    const extra = width - this.length
    for (let row = 0; row < rows; row++) {
      const count = steps[row]! + extra
      for (let t = 0; t < count; t++) {
        const at = index[row * (this.length + 1) + t]!
        const source = at >= 0 ? from.data : finals.data
        const begin = (at >= 0 ? at : ~at) * size
        const to = row * stride + t * size
        for (let j = 0; j < size; j++) out[to + j] = source[begin + j]!
      }
      out.fill(0, row * stride + count * size, (row + 1) * stride)
    }
  }

  #walk(batch: SequenceBatch): void {
    const { store, length } = this
    const { flags, rewards, episodes } = store
    const { rows, handles, steps, reward, terminated, truncated, mask } = batch
    const index = this.#index
    for (let row = 0; row < rows; row++) {
      let slot = handles.slots[row]!
      handles.generations[row] = store.generationOf(slot)
      const episode = store.episodeOf(slot)
      const count = Math.min(length, episodes.length[episode]! - store.steps[slot]!)
      steps[row] = count
      for (let t = 0; t < length; t++) {
        const at = row * length + t
        const real = t < count
        mask[at] = real ? 1 : 0
        reward[at] = real ? rewards[slot]! : 0
        terminated[at] = real && (flags[slot]! & TERMINATED) !== 0 ? 1 : 0
        truncated[at] = real && (flags[slot]! & TRUNCATED) !== 0 ? 1 : 0
        if (!real) continue
        const ends = (flags[slot]! & ENDED) !== 0
        index[row * (length + 1) + t] = slot
        slot = store.next(slot)
        index[row * (length + 1) + t + 1] = ends ? ~episode : slot
      }
    }
  }
}
