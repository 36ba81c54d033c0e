import {
  type ColumnArrays,
  type ColumnDtype,
  type Pcg64,
  type PcgState,
  RepriseError,
  type Serializable,
} from '@reprise/core'
import type { FeedbackReport, Handles, Signal } from '../batch.ts'
import type { DrawContext } from '../draw-context.ts'
import type { FieldSpec } from '../schema.ts'
import { LiveSet } from '../select/live-set.ts'
import { capacityOf, fit } from '../select/state.ts'
import { UniformSelector } from '../select/uniform-selector.ts'
import type { Selector } from '../selector.ts'
import type { Source } from '../source.ts'
import { checkKey, KeyIndex } from '../store/key-index.ts'
import type { ItemKey } from '../store/vector-step.ts'
import { ItemColumns } from './item-columns.ts'
import { FREE, type Keep, type KeptItem, REFUSED } from './keep.ts'

export interface ItemStoreOptions {
  readonly fields: Readonly<Record<string, FieldSpec>>
  /** Items kept at most. */
  readonly capacity: number
  /** Made for `capacity` slots. */
  readonly keep: Keep
  /** Made for `capacity` slots. Default: uniform with replacement. */
  readonly draw?: Selector
  /** The store draws from it and saves it with its state. */
  readonly rng: Pcg64
  /** Keys remembered, so that what comes twice is stored once. Default: 8 x capacity, at least 1024. */
  readonly keyWindow?: number
}

/** What became of an offered item. The same object in every call. */
export interface ItemReport {
  /** -1 where it was refused, or its key is known. */
  readonly stored: number
  /** The slot whose item was given up for it (the same slot then), or -1. */
  readonly evicted: number
}

/** Drawn items, gathered into arrays that the batch owns. B = `rows`. */
export interface ItemBatch {
  readonly rows: number
  /** [B, ...] by name. */
  readonly fields: Readonly<Record<string, ColumnArrays[ColumnDtype]>>
  readonly handles: Handles
  /** [B] */
  readonly probabilities: Float64Array
  /** [B] importance weights; 1 where the draw needs none. */
  readonly weights: Float32Array
}

/**
 * Items that stand for themselves (labelled examples, whole trajectories of fixed size, prompts with outcomes), kept by
 * a rule that need not be first in, first out. Transitions of environment streams belong in a ring instead.
 */
export class ItemStore implements Source<ItemBatch> {
  readonly capacity: number
  readonly generations: Uint32Array
  readonly #columns: ItemColumns
  readonly #live: LiveSet
  /** A stack: the first `capacity - size` elements are the free slots. */
  readonly #free: Int32Array
  readonly #keep: Keep
  readonly #draw: Selector
  readonly #rng: Pcg64
  readonly #keys: KeyIndex
  readonly #leaving: Int32Array
  readonly #report = { stored: -1, evicted: -1 }
  #offered = 0
  #refused = 0
  #duplicates = 0

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(options: ItemStoreOptions) {
    const capacity = capacityOf(options.capacity)
    this.capacity = capacity
    this.generations = new Uint32Array(capacity)
    this.#columns = new ItemColumns(options.fields, capacity)
    this.#live = new LiveSet(capacity)
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i)
    this.#keep = options.keep
    this.#draw = options.draw ?? new UniformSelector(capacity)
    this.#rng = options.rng
    this.#keys = new KeyIndex(options.keyWindow ?? Math.max(1024, 8 * capacity))
    this.#leaving = new Int32Array(capacity)
  }

  get size(): number {
    return this.#live.size
  }

  has(slot: number): boolean {
    return this.#live.has(slot)
  }

  /**
   * Offers an item. With a key that was offered before, nothing happens.
   * @throws RepriseError RPR_SHAPE, RPR_OPTION_RANGE (the key), and what the keep rule asks of an item
   */
  add(row: Readonly<Record<string, ArrayLike<number>>>, item: KeptItem, key?: ItemKey): ItemReport {
    const report = this.#report
    report.stored = -1
    report.evicted = -1
    this.#columns.check(row)
    this.#keep.check?.(item)
    if (key !== undefined) {
      checkKey(key)
      if (!this.#keys.add(key)) {
        this.#duplicates++
        return report
      }
    }
    const { capacity, size } = this.#live
    const place = this.#keep.place(item, size === capacity, this.#rng)
    this.#offered++
    if (place === REFUSED) {
      this.#refused++
      return report
    }
    const slot = place === FREE ? this.#free[capacity - size - 1]! : place
    // First, as the draw may refuse the item's score; a live slot is moved.
    this.#draw.insert(slot, item)
    if (place === FREE) this.#live.add(slot)
    else {
      this.#keep.removed(slot)
      report.evicted = slot
    }
    this.generations[slot]!++
    this.#columns.write(slot, row)
    this.#keep.stored(slot, item)
    report.stored = slot
    return report
  }

  /** Takes an item out; a slot that is not live is ignored. */
  remove(slot: number): void {
    if (!this.#live.remove(slot)) return
    this.#free[this.capacity - this.#live.size - 1] = slot
    this.#keep.removed(slot)
    this.#draw.remove(slot)
  }

  /** The policy is at `version` now: what the keep rule calls too old leaves. Returns how many. */
  expire(version: number): number {
    const count = this.#keep.expired?.(version, this.#leaving) ?? 0
    for (let i = 0; i < count; i++) this.remove(this.#leaving[i]!)
    return count
  }

  allocate(rows: number): ItemBatch {
    return {
      rows,
      fields: this.#columns.allocate(rows),
      handles: { slots: new Int32Array(rows), generations: new Uint32Array(rows) },
      probabilities: new Float64Array(rows),
      weights: new Float32Array(rows),
    }
  }

  /** Items whose last use this was leave when the batch is built. @throws RepriseError RPR_REPLAY_EMPTY */
  draw(batch: ItemBatch, context: DrawContext): void {
    const { rows, handles, probabilities, weights } = batch
    const { slots, generations } = handles
    const picks = { slots, probabilities }
    this.#draw.pick(picks, rows, this.#rng, context)
    if (this.#draw.weights === undefined) weights.fill(1)
    else this.#draw.weights(picks, rows, weights, context)
    for (let k = 0; k < rows; k++) generations[k] = this.generations[slots[k]!]!
    this.#columns.gather(slots, rows, batch.fields)
    const count = this.#keep.drawn?.(slots, rows, this.#leaving) ?? 0
    for (let i = 0; i < count; i++) this.remove(this.#leaving[i]!)
  }

  /** Scores for the draw; rows whose item has left are ignored and counted. @throws RepriseError RPR_REPLAY_SCORE */
  feedback(batch: ItemBatch, signal: Signal): FeedbackReport {
    const values = signal.score ?? signal.tdError
    const { rows, handles } = batch
    if (values?.length !== rows)
      throw new RepriseError('RPR_SHAPE', `Feedback needs ${rows} numbers, as 'tdError' or as 'score'.`, {
        value: values?.length,
        hint: 'Give one number per row of the batch, in one of the two.',
      })
    let applied = 0
    for (let k = 0; k < rows; k++) {
      const slot = handles.slots[k]!
      if (!this.#live.has(slot) || this.generations[slot] !== handles.generations[k]) continue
      this.#draw.update(slot, Math.abs(values[k]!))
      applied++
    }
    return { applied, stale: rows - applied, synthetic: 0 }
  }

  /** `size`, `fill`, `offered`, `refused` and `duplicates` since the beginning, and the selector's figures. */
  metrics(context: DrawContext): Record<string, number> {
    return {
      size: this.size,
      fill: this.size / this.capacity,
      offered: this.#offered,
      refused: this.#refused,
      duplicates: this.#duplicates,
      ...this.#draw.metrics?.(context),
    }
  }

  state(): Serializable {
    return {
      columns: this.#columns.state(),
      live: this.#live.state(),
      free: this.#free.slice(),
      generations: this.generations.slice(),
      keys: this.#keys.state(),
      keep: this.#keep.state(),
      draw: this.#draw.state(),
      rng: this.#rng.state(),
      offered: this.#offered,
      refused: this.#refused,
      duplicates: this.#duplicates,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const generations = fit.uint32(saved, 'generations', this.capacity)
    const free = fit.int32(saved, 'free', this.capacity)
    fit.slots(free, this.capacity)
    const [offered, refused, duplicates] = [
      fit.integer(saved, 'offered'),
      fit.integer(saved, 'refused'),
      fit.integer(saved, 'duplicates'),
    ]
    this.#columns.load(saved['columns'] ?? null)
    this.#live.load(saved['live'] ?? null)
    this.#keys.load(saved['keys'] ?? null)
    this.#keep.load(saved['keep'] ?? null)
    this.#draw.load(saved['draw'] ?? null)
    this.#rng.setState(saved['rng'] as PcgState)
    this.generations.set(generations)
    this.#free.set(free)
    this.#offered = offered
    this.#refused = refused
    this.#duplicates = duplicates
  }
}
