import type { Serializable } from '@reprise/core'
import { capacityOf, fit } from './state.ts'
import { SumTree } from './sum-tree.ts'

/**
 * Slots in the order in which they were inserted; any can leave, and the k-th oldest is found in O(log n). Places are
 * given out in a row of twice the capacity, closed up when it is used up: O(1) each on average.
 */
export class InsertionOrder {
  readonly capacity: number
  readonly #slots: Int32Array
  readonly #place: Int32Array
  /** 1 where a place is taken. */
  readonly #taken: SumTree
  #next = 0
  #size = 0

  constructor(capacitySlots: number) {
    this.capacity = capacityOf(capacitySlots)
    this.#slots = new Int32Array(2 * capacitySlots).fill(-1)
    this.#place = new Int32Array(capacitySlots).fill(-1)
    this.#taken = new SumTree(2 * capacitySlots)
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    return this.#place[slot]! >= 0
  }

  /** Makes the slot the newest. */
  add(slot: number): void {
    this.remove(slot)
    if (this.#next === this.#slots.length) this.#closeUp()
    const place = this.#next++
    this.#slots[place] = slot
    this.#place[slot] = place
    this.#taken.set(place, 1)
    this.#size++
  }

  remove(slot: number): void {
    const place = this.#place[slot]!
    if (place < 0) return
    this.#slots[place] = -1
    this.#place[slot] = -1
    this.#taken.set(place, 0)
    this.#size--
  }

  /** The slot that has `rank` older ones before it, 0 <= rank < size. */
  at(rank: number): number {
    return this.#slots[this.#taken.find(rank + 0.5)]!
  }

  /** `at` for ranks [count], into `out`; writes into `ranks`. */
  atAll(ranks: Float64Array, count: number, out: Int32Array): void {
    for (let k = 0; k < count; k++) ranks[k]! += 0.5
    this.#taken.findAll(ranks, count, out)
    for (let k = 0; k < count; k++) out[k] = this.#slots[out[k]!]!
  }

  #closeUp(): void {
    let to = 0
    for (let from = 0; from < this.#next; from++) {
      const slot = this.#slots[from]!
      if (slot < 0) continue
      this.#slots[to] = slot
      this.#place[slot] = to++
    }
    for (let place = 0; place < this.#next; place++) {
      if (place >= to) this.#slots[place] = -1
      this.#taken.set(place, place < to ? 1 : 0)
    }
    this.#next = to
  }

  /** The slots from oldest to newest. */
  state(): Serializable {
    return this.#slots.subarray(0, this.#next).filter((slot) => slot >= 0)
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const slots = fit.slots(state, this.capacity)
    for (let slot = 0; slot < this.capacity; slot++) this.remove(slot)
    this.#next = 0
    for (let i = 0; i < slots.length; i++) {
      if (this.has(slots[i]!)) throw fit.error('a slot occurs twice')
      this.add(slots[i]!)
    }
  }
}
