import type { Column } from '@reprise/core'
import { ENDED, type RingStore, TERMINATED } from '../store/ring-store.ts'

/**
 * Looks along the episode that a live slot lies in: what transforms need of a store. Counted from the slot's own step:
 * observation 0 is what its action answered, observation `stepsLeft` the last one.
 */
export class EpisodeReader {
  readonly #store: RingStore

  constructor(store: RingStore) {
    this.#store = store
  }

  /** Stored steps of the episode from the slot's own to the last so far: >= 1. */
  stepsLeft(slot: number): number {
    return this.#store.stepsToEnd(slot)
  }

  /** Steps of the episode before the slot's own that are still stored. */
  stepsBefore(slot: number): number {
    const store = this.#store
    const oldest = store.next(store.heads[store.streamOf(slot)]!)
    const step = store.steps[slot]!
    // A ring that is not full has lost nothing.
    if (!store.isLive(oldest)) return step
    return Math.min(step, (slot - oldest + store.perStream) % store.perStream)
  }

  /** Whether the episode ended because the task did; false where it was cut or still goes on. */
  endsTask(slot: number): boolean {
    return (this.#store.flags[this.#slotAt(slot, this.stepsLeft(slot) - 1)]! & TERMINATED) !== 0
  }

  /** Reward of the step `ahead` steps after the slot's own; `ahead` in [-stepsBefore, stepsLeft). */
  rewardAt(slot: number, ahead: number): number {
    return this.#store.rewards[this.#slotAt(slot, ahead)]!
  }

  /**
   * Copies leaf number `leaf` of observation `ahead` to row `row` of `out`; `ahead` in [-stepsBefore, stepsLeft], the
   * final observation of a finished episode included.
   */
  copyObservation(slot: number, ahead: number, leaf: number, out: Column['data'], row: number): void {
    const store = this.#store
    const before = this.#slotAt(slot, ahead - 1)
    // The observation after an episode's last step is in the episode table, not in the next slot.
    const isFinal = ahead === this.stepsLeft(slot) && (store.flags[before]! & ENDED) !== 0
    const { data, size } = isFinal ? store.episodes.finals[leaf]! : store.observations[leaf]!
    const from = (isFinal ? store.episodeOf(slot) : this.#slotAt(slot, ahead)) * size
    for (let i = 0; i < size; i++) out[row * size + i] = data[from + i]!
  }

  #slotAt(slot: number, ahead: number): number {
    const { perStream } = this.#store
    const place = (slot % perStream) + ahead
    const base = slot - (slot % perStream)
    return base + (place < 0 ? place + perStream : place >= perStream ? place - perStream : place)
  }
}
