import { type Pcg64, RepriseError, type Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { capacityOf, fit, refuseEmpty } from './state.ts'

/** A random item of the label that has most; of labels with equally many, the one that was seen first. */
export class LargestLabelSelector implements Selector {
  readonly usesScores = false
  readonly capacity: number
  readonly #label: Int32Array
  readonly #place: Int32Array
  /** Slots of each label, dense, in order of the labels' first appearance. */
  readonly #slotsOf = new Map<number, number[]>()
  #size = 0

  constructor(capacitySlots: number) {
    this.capacity = capacityOf(capacitySlots)
    this.#label = new Int32Array(capacitySlots)
    this.#place = new Int32Array(capacitySlots).fill(-1)
  }

  get size(): number {
    return this.#size
  }

  /** Items of a label. */
  count(label: number): number {
    return this.#slotsOf.get(label)?.length ?? 0
  }

  /** @throws RepriseError RPR_REPLAY_CONFIG where the item has no label that is a 32-bit integer */
  insert(slot: number, info: ItemInfo): void {
    const label = checkedLabel(info)
    this.remove(slot)
    let slots = this.#slotsOf.get(label)
    if (slots === undefined) {
      slots = []
      this.#slotsOf.set(label, slots)
    }
    this.#label[slot] = label
    this.#place[slot] = slots.length
    slots.push(slot)
    this.#size++
  }

  remove(slot: number): void {
    const place = this.#place[slot]!
    if (place < 0) return
    const slots = this.#slotsOf.get(this.#label[slot]!)!
    const last = slots.pop()!
    if (last !== slot) {
      slots[place] = last
      this.#place[last] = place
    }
    this.#place[slot] = -1
    this.#size--
  }

  update(_slot: number, _score: number): void {}

  /** The label that has most items. */
  largest(): number {
    let best = -1
    let most = 0
    for (const [label, { length }] of this.#slotsOf) {
      if (length > most) {
        most = length
        best = label
      }
    }
    return best
  }

  /** A random slot of a label that has some. */
  pickOf(label: number, rng: Pcg64): number {
    const slots = this.#slotsOf.get(label)!
    return slots[rng.integers(slots.length)]!
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, _context: DrawContext): void {
    if (this.#size === 0) refuseEmpty(0, count)
    const label = this.largest()
    for (let k = 0; k < count; k++) {
      out.slots[k] = this.pickOf(label, rng)
      out.probabilities[k] = 1 / this.count(label)
    }
  }

  state(): Serializable {
    const labels = [...this.#slotsOf.keys()]
    return {
      kind: 'largestLabel',
      labels: Int32Array.from(labels),
      slots: labels.map((label) => Int32Array.from(this.#slotsOf.get(label)!)),
    }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'largestLabel')
    const { labels, slots } = saved
    if (!(labels instanceof Int32Array) || !Array.isArray(slots) || slots.length !== labels.length)
      throw fit.error('it has no labels with slots')
    const rows = slots.map((row: Serializable) => fit.slots(row, this.capacity))
    const size = rows.reduce((sum, row) => sum + row.length, 0)
    if (new Set(rows.flatMap((row) => [...row])).size !== size) throw fit.error('a slot occurs twice')
    this.#slotsOf.clear()
    this.#place.fill(-1)
    this.#size = size
    for (let i = 0; i < labels.length; i++) {
      this.#slotsOf.set(labels[i]!, [...rows[i]!])
      for (let place = 0; place < rows[i]!.length; place++) {
        this.#label[rows[i]![place]!] = labels[i]!
        this.#place[rows[i]![place]!] = place
      }
    }
  }
}

/** @throws RepriseError RPR_REPLAY_CONFIG */
export function checkedLabel({ label }: ItemInfo): number {
  if (label !== undefined && (label | 0) === label) return label
  throw new RepriseError('RPR_REPLAY_CONFIG', `An item has the label ${label}: choices by label need one.`, {
    value: label,
    hint: 'Give each item a label that is a 32-bit integer: its class or its task.',
  })
}
