import type { Serializable } from '@reprise/core'
import { capacityOf, fit } from './state.ts'

/** Slots in [0, capacity) that are live, dense for uniform choice: swap-remove, all operations O(1). */
export class LiveSet {
  readonly capacity: number
  /** The first `size` elements are the live slots, in no particular order. */
  readonly dense: Int32Array
  readonly #place: Int32Array
  #size = 0

  constructor(capacitySlots: number) {
    this.capacity = capacityOf(capacitySlots)
    this.dense = new Int32Array(capacitySlots)
    this.#place = new Int32Array(capacitySlots).fill(-1)
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    return this.#place[slot]! >= 0
  }

  /** False where the slot was live already. */
  add(slot: number): boolean {
    if (this.#place[slot]! >= 0) return false
    this.#place[slot] = this.#size
    this.dense[this.#size++] = slot
    return true
  }

  /** False where the slot was not live. */
  remove(slot: number): boolean {
    const place = this.#place[slot]!
    if (place < 0) return false
    const last = this.dense[--this.#size]!
    this.dense[place] = last
    this.#place[last] = place
    this.#place[slot] = -1
    return true
  }

  /** Swaps two places of `dense`: for drawing without replacement. */
  swap(a: number, b: number): void {
    const { dense } = this
    const slot = dense[a]!
    dense[a] = dense[b]!
    dense[b] = slot
    this.#place[dense[a]!] = a
    this.#place[slot] = b
  }

  state(): Serializable {
    return this.dense.slice(0, this.#size)
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const slots = fit.slots(state, this.capacity)
    this.#place.fill(-1)
    this.#size = 0
    for (let i = 0; i < slots.length; i++) this.add(slots[i]!)
    if (this.#size !== slots.length) throw fit.error('a slot occurs twice')
  }
}
