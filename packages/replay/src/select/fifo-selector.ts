import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { InsertionOrder } from './insertion-order.ts'
import { fit, refuseEmpty } from './state.ts'

/** The oldest items first: `count` of them, without repetition. To give up items by age, or to read a queue. */
export class FifoSelector implements Selector {
  readonly usesScores = false
  readonly #order: InsertionOrder

  constructor(capacitySlots: number) {
    this.#order = new InsertionOrder(capacitySlots)
  }

  get size(): number {
    return this.#order.size
  }

  insert(slot: number, _info: ItemInfo): void {
    this.#order.add(slot)
  }

  remove(slot: number): void {
    this.#order.remove(slot)
  }

  update(_slot: number, _score: number): void {}

  /** @throws RepriseError RPR_REPLAY_EMPTY where there are fewer than `count` */
  pick(out: Picks, count: number, _rng: Pcg64, _context: DrawContext): void {
    const { size } = this.#order
    if (size === 0 || size < count) refuseEmpty(size, count)
    for (let k = 0; k < count; k++) {
      out.slots[k] = this.#order.at(k)
      out.probabilities[k] = 1 / size
    }
  }

  state(): Serializable {
    return { kind: 'fifo', order: this.#order.state() }
  }

  load(state: Serializable): void {
    this.#order.load(fit.kind(state, 'fifo')['order'] ?? null)
  }
}
