import type { Serializable } from '@reprise/core'
import { capacityOf, checkOption, fit } from '../select/state.ts'

export interface UsageProbeOptions {
  /** Draws that an item may serve: `wornOut` then tells which are used up. Absent: no limit. */
  readonly maxUses?: number
}

/** Times are kept as 32-bit counts. */
const ABSENT = 0xffffffff

/**
 * How old drawn rows are and how often items are used. `time` is any count that grows by one per environment step,
 * below 2^32 - 1. Ages are of the rows drawn since the last `metrics`; uses are of the live items.
 */
export class UsageProbe {
  readonly capacity: number
  readonly maxUses: number
  /** Per slot: time of insertion (ABSENT where not live), uses. One cache line gives both. */
  readonly #items: Uint32Array
  #live = 0
  #neverDrawn = 0
  #usesOfLive = 0
  #rows = 0
  #ageSum = 0
  #ageMax = 0
  #usesMax = 0
  /** Takes what the touching pass of `drawn` reads, so that no compiler leaves it out. */
  touched = 0

  constructor(capacitySlots: number, { maxUses = Number.POSITIVE_INFINITY }: UsageProbeOptions = {}) {
    const legal = maxUses === Number.POSITIVE_INFINITY || (Number.isInteger(maxUses) && maxUses >= 1)
    checkOption('maxUses', maxUses, legal, 'an integer >= 1')
    this.capacity = capacityOf(capacitySlots)
    this.maxUses = maxUses
    this.#items = new Uint32Array(2 * capacitySlots)
    for (let slot = 0; slot < capacitySlots; slot++) this.#items[2 * slot] = ABSENT
  }

  /** An item has come into `slot` at `time`; what was there before is gone. */
  inserted(slot: number, time: number): void {
    this.removed(slot)
    this.#items[2 * slot] = time
    this.#items[2 * slot + 1] = 0
    this.#live++
    this.#neverDrawn++
  }

  removed(slot: number): void {
    const items = this.#items
    if (items[2 * slot] === ABSENT) return
    const uses = items[2 * slot + 1]!
    items[2 * slot] = ABSENT
    this.#live--
    this.#usesOfLive -= uses
    if (uses === 0) this.#neverDrawn--
  }

  /** `slots[0..count)` have been drawn at `time`. Slots that are not live are ignored. */
  drawn(slots: Int32Array, count: number, time: number): void {
    const items = this.#items
    let rows = 0
    let first = 0
    let ageSum = 0
    let ageMax = this.#ageMax
    let usesMax = this.#usesMax
    // Reads nothing but one element per item, so that many cache misses are under way at once.
    let sink = 0
    for (let k = 0; k < count; k++) sink += items[2 * slots[k]!]!
    this.touched = sink
    for (let k = 0; k < count; k++) {
      const place = 2 * slots[k]!
      const born = items[place]!
      if (born === ABSENT) continue
      const age = time - born
      const uses = items[place + 1]! + 1
      items[place + 1] = uses
      rows++
      ageSum += age
      if (age > ageMax) ageMax = age
      // Without a branch: nobody can foretell which rows are new.
      first += Number(uses === 1) | 0
      if (uses > usesMax) usesMax = uses
    }
    this.#rows += rows
    this.#usesOfLive += rows
    this.#neverDrawn -= first
    this.#ageSum += ageSum
    this.#ageMax = ageMax
    this.#usesMax = usesMax
  }

  /** Draws that the live item in `slot` has served. */
  uses(slot: number): number {
    return this.#items[2 * slot] === ABSENT ? 0 : this.#items[2 * slot + 1]!
  }

  /** Writes those of `slots[0..count)` that have served `maxUses` draws into `out`, each once; returns how many. */
  wornOut(slots: Int32Array, count: number, out: Int32Array): number {
    if (this.maxUses === Number.POSITIVE_INFINITY) return 0
    let found = 0
    for (let k = 0; k < count; k++) {
      const slot = slots[k]!
      if (this.#items[2 * slot] === ABSENT || this.#items[2 * slot + 1]! < this.maxUses) continue
      let known = false
      for (let j = 0; j < found && !known; j++) known = out[j] === slot
      if (!known) out[found++] = slot
    }
    return found
  }

  /**
   * `age_mean`, `age_max`, `uses_max` of the rows drawn since the last call (absent where none was); `uses_mean`,
   * `never_drawn` (a share) of the live items.
   */
  metrics(): Record<string, number> {
    const metrics: Record<string, number> = {}
    if (this.#rows > 0) {
      metrics['age_mean'] = this.#ageSum / this.#rows
      metrics['age_max'] = this.#ageMax
      metrics['uses_max'] = this.#usesMax
    }
    if (this.#live > 0) {
      metrics['uses_mean'] = this.#usesOfLive / this.#live
      metrics['never_drawn'] = this.#neverDrawn / this.#live
    }
    this.#rows = 0
    this.#ageSum = 0
    this.#ageMax = 0
    this.#usesMax = 0
    return metrics
  }

  state(): Serializable {
    return {
      items: this.#items.slice(),
      rows: this.#rows,
      ageSum: this.#ageSum,
      ageMax: this.#ageMax,
      usesMax: this.#usesMax,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const items = fit.uint32(saved, 'items', 2 * this.capacity)
    const [rows, ageSum, ageMax, usesMax] = [
      fit.number(saved, 'rows'),
      fit.number(saved, 'ageSum'),
      fit.number(saved, 'ageMax'),
      fit.number(saved, 'usesMax'),
    ]
    this.#items.set(items)
    this.#rows = rows
    this.#ageSum = ageSum
    this.#ageMax = ageMax
    this.#usesMax = usesMax
    this.#live = 0
    this.#neverDrawn = 0
    this.#usesOfLive = 0
    for (let slot = 0; slot < this.capacity; slot++) {
      if (items[2 * slot] === ABSENT) continue
      this.#live++
      this.#usesOfLive += items[2 * slot + 1]!
      if (items[2 * slot + 1] === 0) this.#neverDrawn++
    }
  }
}
