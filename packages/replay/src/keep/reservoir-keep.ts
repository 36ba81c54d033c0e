import type { Pcg64, Serializable } from '@reprise/core'
import { START } from '../draw-context.ts'
import { fit } from '../select/state.ts'
import { UniformSelector } from '../select/uniform-selector.ts'
import { FREE, type Keep, type KeptItem, onePick, REFUSED } from './keep.ts'

/**
 * Reservoir sampling: after n offers each of them is stored with probability exactly capacity / n. The n-th is accepted
 * with that probability and takes the place of a uniformly chosen one.
 */
export class ReservoirKeep implements Keep {
  readonly #capacity: number
  readonly #live: UniformSelector
  readonly #pick = onePick()
  #seen = 0

  constructor(capacitySlots: number) {
    this.#capacity = capacitySlots
    this.#live = new UniformSelector(capacitySlots)
  }

  /** Items offered so far. */
  get seen(): number {
    return this.#seen
  }

  place(_item: KeptItem, full: boolean, rng: Pcg64): number {
    this.#seen++
    if (!full) return FREE
    if (!chance(this.#capacity, this.#seen, rng)) return REFUSED
    this.#live.pick(this.#pick, 1, rng, START)
    return this.#pick.slots[0]!
  }

  stored(slot: number, item: KeptItem): void {
    this.#live.insert(slot, item)
  }

  removed(slot: number): void {
    this.#live.remove(slot)
  }

  state(): Serializable {
    return { kind: 'reservoir', live: this.#live.state(), seen: this.#seen }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'reservoir')
    const seen = fit.integer(saved, 'seen')
    this.#live.load(saved['live'] ?? null)
    this.#seen = seen
  }
}

/** True with probability part / whole, exactly as long as `whole` is at most 2^32. */
export function chance(part: number, whole: number, rng: Pcg64): boolean {
  return whole <= 2 ** 32 ? rng.integers(whole) < part : rng.random() * whole < part
}
