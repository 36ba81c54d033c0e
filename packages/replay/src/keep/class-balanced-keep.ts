import type { Pcg64, Serializable } from '@reprise/core'
import { START } from '../draw-context.ts'
import { checkedLabel, LargestLabelSelector } from '../select/largest-label-selector.ts'
import { fit } from '../select/state.ts'
import { FREE, type Keep, type KeptItem, onePick, REFUSED } from './keep.ts'
import { chance } from './reservoir-keep.ts'

/**
 * Class-balanced reservoir (Chrysakis & Moens 2020). Once a class has been the largest it is full for ever: its items
 * then compete among themselves, as in a reservoir of the size that the class has. An item of any other class takes
 * the place of a random one of the largest class. So classes come to be equally large, but for one, as soon as each has
 * had enough items, however unequal the stream; within a class every item is about equally likely to be stored.
 */
export class ClassBalancedKeep implements Keep {
  readonly #classes: LargestLabelSelector
  readonly #pick = onePick()
  /** Per class: items offered, and whether it has been the largest of a full store. */
  readonly #seen = new Map<number, number>()
  readonly #full = new Set<number>()

  constructor(capacitySlots: number) {
    this.#classes = new LargestLabelSelector(capacitySlots)
  }

  /** Items stored of a class. */
  count(label: number): number {
    return this.#classes.count(label)
  }

  /** @throws RepriseError RPR_REPLAY_CONFIG for an item without a label */
  check(item: KeptItem): void {
    checkedLabel(item)
  }

  place(item: KeptItem, full: boolean, rng: Pcg64): number {
    const label = checkedLabel(item)
    const seen = (this.#seen.get(label) ?? 0) + 1
    this.#seen.set(label, seen)
    if (!full) return FREE
    const largest = this.#classes.largest()
    this.#full.add(largest)
    const own = this.#classes.count(label)
    if (own === this.#classes.count(largest)) this.#full.add(label)
    if (this.#full.has(label) && own > 0) return chance(own, seen, rng) ? this.#classes.pickOf(label, rng) : REFUSED
    this.#classes.pick(this.#pick, 1, rng, START)
    return this.#pick.slots[0]!
  }

  stored(slot: number, item: KeptItem): void {
    this.#classes.insert(slot, item)
  }

  removed(slot: number): void {
    this.#classes.remove(slot)
  }

  state(): Serializable {
    return {
      kind: 'classBalanced',
      classes: this.#classes.state(),
      labels: Int32Array.from(this.#seen.keys()),
      seen: Float64Array.from(this.#seen.values()),
      full: Int32Array.from(this.#full),
    }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'classBalanced')
    const { labels, full } = saved
    if (!(labels instanceof Int32Array) || !(full instanceof Int32Array)) throw fit.error('it has no classes')
    const seen = fit.float64(saved, 'seen', labels.length)
    this.#classes.load(saved['classes'] ?? null)
    this.#seen.clear()
    this.#full.clear()
    for (let i = 0; i < labels.length; i++) this.#seen.set(labels[i]!, seen[i]!)
    for (let i = 0; i < full.length; i++) this.#full.add(full[i]!)
  }
}
