import { type Pcg64, type PcgState, RepriseError, type Serializable } from '@reprise/core'
import type { Batch, FeedbackReport, Signal } from '../batch.ts'
import type { DrawContext } from '../draw-context.ts'
import { UsageProbe } from '../probe/usage-probe.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import type { Source, Transform } from '../source.ts'
import type { RingStore } from '../store/ring-store.ts'
import type { AddReport, VectorStep } from '../store/vector-step.ts'
import type { DrawnRows, ItemSink, View } from '../view/view.ts'
import { readSignal, refuseStale } from './feedback.ts'
import { checkMembers, checkSize, readSaved } from './saved.ts'

export interface ReplayParts<B extends DrawnRows> {
  /** Holds the store. */
  readonly view: View<B>
  /** Made for `view.store.slots` slots. */
  readonly draw: Selector
  /** Every random choice of this replay draws from it; saved with the rest. */
  readonly rng: Pcg64
  /** Applied to every drawn batch, in this order. */
  readonly transforms?: readonly Transform<B>[]
  /** The newest item of each stream fills the first rows of every batch (combined experience replay). */
  readonly withLatest?: boolean
  /** Feedback on overwritten items throws RPR_REPLAY_STALE. Default: it is ignored and counted. */
  readonly strict?: boolean
  /** Draws that an item may serve; after the last it cannot be drawn any more. */
  readonly maxUses?: number
}

/** A store, what an item of it is, how items are chosen and what is done to the drawn copies. */
export class Replay<B extends DrawnRows = Batch> implements Source<B> {
  readonly store: RingStore
  readonly view: View<B>
  /** The selector that chooses. */
  readonly selector: Selector
  readonly usage: UsageProbe
  readonly #rng: Pcg64
  readonly #transforms: readonly Transform<B>[]
  readonly #withLatest: boolean
  readonly #strict: boolean
  /** [slots] 1 for items that can be drawn. */
  readonly #member: Uint8Array
  /** [streams] slot of the newest item, -1 where there is none. */
  readonly #latest: Int32Array
  readonly #sink: ItemSink
  readonly #info: { -readonly [K in keyof ItemInfo]: ItemInfo[K] } = { episode: 0, step: 0, last: false }
  #picks: Picks = { slots: new Int32Array(0), probabilities: new Float64Array(0) }
  #weights = new Float32Array(0)
  #worn = new Int32Array(0)
  /** What feedback applies: slots of the rows that are still there, and their scores. */
  #live = new Int32Array(0)
  #scores = new Float64Array(0)
  readonly #report: { -readonly [K in keyof FeedbackReport]: FeedbackReport[K] } = {
    applied: 0,
    stale: 0,
    synthetic: 0,
  }
  #drawnRows = 0
  #feedbackRows = 0
  #staleRows = 0
  #duplicates = 0

  constructor({ view, draw, rng, transforms = [], withLatest = false, strict = false, maxUses }: ReplayParts<B>) {
    const { store } = view
    this.store = store
    this.view = view
    this.selector = draw
    this.usage = new UsageProbe(store.slots, maxUses === undefined ? {} : { maxUses })
    this.#rng = rng
    this.#transforms = transforms
    this.#withLatest = withLatest
    this.#strict = strict
    this.#member = new Uint8Array(store.slots)
    this.#latest = new Int32Array(store.streams).fill(-1)
    this.#sink = { insert: (slot) => this.#insert(slot), remove: (slot) => this.#remove(slot) }
  }

  /** Items that can be drawn now. */
  get size(): number {
    return this.selector.size
  }

  /** True where a draw reads what the feedback of the one before has written. */
  get usesScores(): boolean {
    return this.selector.usesScores
  }

  /** True where `slot` names an item that can be drawn. */
  has(slot: number): boolean {
    return this.#member[slot] === 1
  }

  /** Stores one step of every stream. @throws as `RingStore.add` */
  add(step: VectorStep): AddReport {
    const report = this.store.add(step)
    this.#duplicates += report.duplicates
    this.#written()
    return report
  }

  /** Cuts the open episodes: see `RingStore.interrupt`. @returns how many were cut */
  interrupt(): number {
    const cut = this.store.interrupt()
    this.#written()
    return cut
  }

  /** Tells the selector what the store's last change brought and took, and which episodes it ended. */
  #written(): void {
    this.view.onWrite(this.#sink)
    const { store, selector } = this
    if (selector.finish === undefined) return
    const { ended, endedCount } = store.changes
    for (let i = 0; i < endedCount; i++) selector.finish(store.episodes.number[store.episodeOf(ended[i]!)]!)
  }

  #insert(slot: number): void {
    const { store } = this
    const info = this.#info
    info.episode = store.episodes.number[store.episodeOf(slot)]!
    info.step = store.steps[slot]!
    info.last = this.view.isLast(slot)
    this.selector.insert(slot, info)
    this.usage.inserted(slot, store.added)
    this.#member[slot] = 1
    this.#latest[store.streamOf(slot)] = slot
  }

  #remove(slot: number): void {
    if (this.#member[slot] === 0) return
    this.#member[slot] = 0
    this.selector.remove(slot)
    this.usage.removed(slot)
    const stream = this.store.streamOf(slot)
    if (this.#latest[stream] === slot) this.#latest[stream] = -1
  }

  allocate(rows: number): B {
    return this.view.allocate(rows)
  }

  /**
   * Fills `batch` with items chosen by the selector, the newest of each stream first where `withLatest` says so; those
   * carry probability 1 / size and weight 1.
   * @throws RPR_REPLAY_EMPTY where too little is stored; RPR_REPLAY_CONFIG for fewer rows than newest items
   */
  draw(batch: B, context: DrawContext): void {
    const { selector } = this
    const { rows, handles, probabilities, weights } = batch
    if (this.size === 0) throw this.#empty(rows)
    const newest = this.#withLatest ? this.#newest(batch) : 0
    const count = rows - newest
    if (this.#picks.slots.length < rows) this.#grow(rows)
    const picks = this.#picks
    weights.fill(1)
    if (count > 0) {
      selector.pick(picks, count, this.#rng, context)
      for (let i = 0; i < count; i++) {
        handles.slots[newest + i] = picks.slots[i]!
        probabilities[newest + i] = picks.probabilities[i]!
      }
      if (selector.weights !== undefined) {
        selector.weights(picks, count, this.#weights, context)
        for (let i = 0; i < count; i++) weights[newest + i] = this.#weights[i]!
      }
    }
    batch.source.fill(0)
    batch.synthetic.fill(0)
    this.view.gather(batch)
    for (let t = 0; t < this.#transforms.length; t++) this.#transforms[t]!.apply(batch, this.#rng, context)
    this.#drawnRows += rows
    this.usage.drawn(handles.slots, rows, this.store.added)
    if (this.usage.maxUses !== Number.POSITIVE_INFINITY) this.#wearOut(handles.slots, rows)
  }

  #newest({ rows, handles, probabilities }: B): number {
    let count = 0
    const probability = 1 / this.selector.size
    for (let stream = 0; stream < this.store.streams; stream++) {
      const slot = this.#latest[stream]!
      if (slot < 0) continue
      if (count === rows) {
        throw new RepriseError(
          'RPR_REPLAY_CONFIG',
          `A batch of ${rows} rows cannot hold the newest item of each of ${this.store.streams} streams.`,
          { value: rows, hint: 'Draw more rows, use fewer environments, or turn withLatest off.' },
        )
      }
      handles.slots[count] = slot
      probabilities[count++] = probability
    }
    return count
  }

  #grow(rows: number): void {
    this.#picks = { slots: new Int32Array(rows), probabilities: new Float64Array(rows) }
    this.#weights = new Float32Array(rows)
    this.#worn = new Int32Array(rows)
  }

  #wearOut(slots: Int32Array, rows: number): void {
    const worn = this.usage.wornOut(slots, rows, this.#worn)
    for (let i = 0; i < worn; i++) this.#remove(this.#worn[i]!)
  }

  /**
   * Scores of the rows of a drawn batch: absolute TD errors, or scores as they are. Rows that were overwritten since
   * the draw are ignored and counted; of rows with the same item the last one counts.
   * The report is the same object in every call.
   * @throws RPR_REPLAY_SCORE with the rows that are not finite (or negative scores), RPR_SHAPE, in strict mode
   *   RPR_REPLAY_STALE: all before anything changes
   */
  feedback(batch: B, signal: Signal): FeedbackReport {
    const { rows, handles, synthetic } = batch
    const values = readSignal(signal, rows)
    if (this.#live.length < rows) {
      this.#live = new Int32Array(rows)
      this.#scores = new Float64Array(rows)
    }
    const live = this.#live
    const scores = this.#scores
    let count = 0
    let ignored = 0
    for (let i = 0; i < rows; i++) {
      const slot = handles.slots[i]!
      if (synthetic[i]) ignored++
      else if (this.#isCurrent(slot, handles.generations[i]!)) {
        live[count] = slot
        scores[count++] = Math.abs(values[i]!)
      }
    }
    const stale = rows - count - ignored
    if (stale > 0 && this.#strict) throw this.#refuseStale(batch, stale)
    const { selector } = this
    if (selector.updateAll !== undefined) selector.updateAll(live, scores, count)
    else for (let i = 0; i < count; i++) selector.update(live[i]!, scores[i]!)
    this.#feedbackRows += rows
    this.#staleRows += stale
    const report = this.#report
    report.applied = count
    report.stale = stale
    report.synthetic = ignored
    return report
  }

  /** Apart from `feedback`, because a closure costs its whole function an allocation. */
  #refuseStale(batch: B, count: number): RepriseError {
    return refuseStale(batch, (slot, generation) => this.#isCurrent(slot, generation), count)
  }

  #isCurrent(slot: number, generation: number): boolean {
    return this.#member[slot] === 1 && this.store.generationOf(slot) === generation
  }

  /**
   * `size`, `fill` (share of the capacity), `episodes` begun, `stale` and `duplicates` since the beginning,
   * `stale_share` of the feedback rows, and what the selector and the usage probe report.
   */
  metrics(context: DrawContext): Record<string, number> {
    return {
      size: this.size,
      fill: this.store.size / this.store.capacity,
      episodes: this.store.episodesBegun,
      drawn: this.#drawnRows,
      stale: this.#staleRows,
      ...(this.#feedbackRows > 0 ? { stale_share: this.#staleRows / this.#feedbackRows } : {}),
      ...(this.#duplicates > 0 ? { duplicates: this.#duplicates } : {}),
      ...this.usage.metrics(),
      ...this.selector.metrics?.(context),
    }
  }

  /** Everything that later draws depend on. `copy: false`: with the replay's own arrays, for writing at once. */
  state(copy = true): Serializable {
    return {
      items: this.view.items,
      store: this.store.state(copy),
      draw: this.selector.state(),
      usage: this.usage.state(),
      rng: this.#rng.state() as unknown as Serializable,
      transforms: this.#transforms.map((transform) => transform.state?.() ?? null),
      member: this.#member.slice(),
      latest: this.#latest.slice(),
      counts: [this.#drawnRows, this.#feedbackRows, this.#staleRows, this.#duplicates],
    }
  }

  /**
   * Takes the place of everything stored. After an error in a part that comes after the store the replay holds parts
   * of two states: make a new one.
   * @throws RPR_STATE_MISMATCH for a state of other items, columns, sizes or parts
   */
  load(state: Serializable): void {
    const saved = readSaved(state, this.view, this.#transforms.length)
    const { member, latest, transforms, parts } = saved
    this.store.load(parts['store']!)
    checkMembers(member, this.view)
    this.selector.load(parts['draw']!)
    checkSize(member, this.selector.size)
    this.usage.load(parts['usage']!)
    this.#rng.setState(parts['rng'] as unknown as PcgState)
    for (const [t, transform] of this.#transforms.entries()) transform.load?.(transforms[t]!)
    this.#member.set(member)
    this.#latest.set(latest)
    ;[this.#drawnRows, this.#feedbackRows, this.#staleRows, this.#duplicates] = saved.counts
  }

  #empty(rows: number): RepriseError {
    const { size } = this.store
    return new RepriseError(
      'RPR_REPLAY_EMPTY',
      `A batch of ${rows} rows was to be drawn; ${size} transitions are stored and none of them can be drawn.`,
      {
        value: size,
        hint: 'Store more before the first draw: raise learningStarts. Hindsight waits for finished episodes.',
      },
    )
  }
}
