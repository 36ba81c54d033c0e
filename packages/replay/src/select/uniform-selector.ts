import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { LiveSet } from './live-set.ts'
import { fit, refuseEmpty } from './state.ts'

export interface UniformOptions {
  /** Default true. Without, no slot occurs twice in one pick. */
  readonly replacement?: boolean
  /**
   * Without replacement and more rows than items: `throw` (default), or `repeat`, which gives every item once and goes
   * on with a fresh round for the rest of the rows.
   */
  readonly short?: 'throw' | 'repeat'
}

/** Every live slot with the same probability. */
export class UniformSelector implements Selector {
  readonly usesScores = false
  readonly #live: LiveSet
  readonly #replacement: boolean
  readonly #short: 'throw' | 'repeat'

  constructor(capacitySlots: number, { replacement = true, short = 'throw' }: UniformOptions = {}) {
    this.#live = new LiveSet(capacitySlots)
    this.#replacement = replacement
    this.#short = short
  }

  get size(): number {
    return this.#live.size
  }

  /** A live slot keeps its place: order means nothing here. */
  insert(slot: number, _info: ItemInfo): void {
    this.#live.add(slot)
  }

  remove(slot: number): void {
    this.#live.remove(slot)
  }

  update(_slot: number, _score: number): void {}

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, _context: DrawContext): void {
    const live = this.#live
    const { size, dense } = live
    const { slots, probabilities } = out
    if (size === 0 || (!this.#replacement && count > size && this.#short === 'throw')) refuseEmpty(size, count)
    if (this.#replacement) {
      // Places first, slots after: the reads of the second loop wait for memory side by side.
      for (let k = 0; k < count; k++) slots[k] = rng.integers(size)
      for (let k = 0; k < count; k++) slots[k] = dense[slots[k]!]!
    } else {
      // The first places of a Fisher-Yates shuffle of the live slots themselves: their order is free.
      for (let k = 0; k < count; k++) {
        const place = k % size
        live.swap(place, place + rng.integers(size - place))
        slots[k] = dense[place]!
      }
    }
    const probability = 1 / size
    for (let k = 0; k < count; k++) probabilities[k] = probability
  }

  state(): Serializable {
    return { kind: 'uniform', live: this.#live.state() }
  }

  load(state: Serializable): void {
    this.#live.load(fit.kind(state, 'uniform')['live'] ?? null)
  }
}
