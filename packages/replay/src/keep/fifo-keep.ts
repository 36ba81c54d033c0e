import type { Pcg64, Serializable } from '@reprise/core'
import { START } from '../draw-context.ts'
import { FifoSelector } from '../select/fifo-selector.ts'
import { fit } from '../select/state.ts'
import { FREE, type Keep, type KeptItem, onePick } from './keep.ts'

/** Everything is stored; the oldest is given up. */
export class FifoKeep implements Keep {
  readonly #oldest: FifoSelector
  readonly #pick = onePick()

  constructor(capacitySlots: number) {
    this.#oldest = new FifoSelector(capacitySlots)
  }

  place(_item: KeptItem, full: boolean, rng: Pcg64): number {
    if (!full) return FREE
    this.#oldest.pick(this.#pick, 1, rng, START)
    return this.#pick.slots[0]!
  }

  stored(slot: number, item: KeptItem): void {
    this.#oldest.insert(slot, item)
  }

  removed(slot: number): void {
    this.#oldest.remove(slot)
  }

  state(): Serializable {
    return { kind: 'fifo', oldest: this.#oldest.state() }
  }

  load(state: Serializable): void {
    this.#oldest.load(fit.kind(state, 'fifo')['oldest'] ?? null)
  }
}
