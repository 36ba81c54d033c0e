import type { Serializable } from '@reprise/core'
import { capacityOf, fit } from './state.ts'

/** Slots in a binary heap by score, the greatest at place 0; a slot is found in O(1), so any can change or leave. */
export class IndexedHeap {
  readonly capacity: number
  /** The first `size` elements are the slots in heap order: a parent is never before a child in score. */
  readonly order: Int32Array
  readonly #place: Int32Array
  readonly #scores: Float64Array
  #size = 0

  constructor(capacitySlots: number) {
    this.capacity = capacityOf(capacitySlots)
    this.order = new Int32Array(capacitySlots)
    this.#place = new Int32Array(capacitySlots).fill(-1)
    this.#scores = new Float64Array(capacitySlots)
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    return this.#place[slot]! >= 0
  }

  score(slot: number): number {
    return this.#scores[slot]!
  }

  /** Adds the slot, or moves it to where its new score belongs. */
  set(slot: number, score: number): void {
    let place = this.#place[slot]!
    if (place < 0) {
      place = this.#size++
      this.#put(place, slot)
    }
    this.#scores[slot] = score
    this.#settle(place)
  }

  remove(slot: number): void {
    const place = this.#place[slot]!
    if (place < 0) return
    this.#place[slot] = -1
    const last = this.order[--this.#size]!
    if (last === slot) return
    this.#put(place, last)
    this.#settle(place)
  }

  #put(place: number, slot: number): void {
    this.order[place] = slot
    this.#place[slot] = place
  }

  #settle(from: number): void {
    const { order } = this
    const scores = this.#scores
    const slot = order[from]!
    const score = scores[slot]!
    let place = from
    while (place > 0) {
      const parent = (place - 1) >>> 1
      const other = order[parent]!
      if (scores[other]! >= score) break
      this.#put(place, other)
      place = parent
    }
    if (place === from) {
      const size = this.#size
      for (;;) {
        let child = 2 * place + 1
        if (child >= size) break
        if (child + 1 < size && scores[order[child + 1]!]! > scores[order[child]!]!) child++
        const other = order[child]!
        if (scores[other]! <= score) break
        this.#put(place, other)
        place = child
      }
    }
    this.#put(place, slot)
  }

  /** Sorts by falling score, ties by slot: still a heap. */
  sort(): void {
    const scores = this.#scores
    this.order.subarray(0, this.#size).sort((a, b) => scores[b]! - scores[a]! || a - b)
    for (let place = 0; place < this.#size; place++) this.#place[this.order[place]!] = place
  }

  state(): Serializable {
    const order = this.order.slice(0, this.#size)
    return { order, scores: Float64Array.from(order, (slot) => this.#scores[slot]!) }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const order = fit.slots(saved['order'], this.capacity)
    const scores = fit.float64(saved, 'scores', order.length)
    for (let place = 1; place < order.length; place++)
      if (!(scores[(place - 1) >>> 1]! >= scores[place]!)) throw fit.error('scores are not in heap order')
    this.#place.fill(-1)
    this.#size = order.length
    for (let place = 0; place < order.length; place++) {
      const slot = order[place]!
      if (this.#place[slot]! >= 0) throw fit.error('a slot occurs twice')
      this.#put(place, slot)
      this.#scores[slot] = scores[place]!
    }
  }
}
