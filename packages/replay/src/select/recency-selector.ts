import { type Pcg64, parseSchedule, type Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { InsertionOrder } from './insertion-order.ts'
import { checkOption, fit, refuseEmpty } from './state.ts'

export interface RecencyOptions {
  /** In (0, 1], or a schedule over the run; 1 is uniform. Default linear(0.996, 1). */
  readonly eta?: number | string
  /** Newest items that are always drawn from. Default 2500. */
  readonly least?: number
}

/**
 * Emphasising recent experience (ERE, Wang & Ross 2019): update k of K in a burst draws uniformly, with replacement,
 * from the newest c = max(floor(N eta^(1000 k / K)), least) of the N live items. k counts from 0: the first update of
 * a burst sees everything.
 */
export class RecencySelector implements Selector {
  readonly usesScores = false
  readonly #order: InsertionOrder
  readonly #eta: (progress: number) => number
  readonly #least: number
  #ranks = new Float64Array(0)
  #window = 0

  /** @throws RepriseError RPR_OPTION_RANGE, RPR_OPTION_TYPE */
  constructor(capacitySlots: number, { eta = 'linear(0.996, 1)', least = 2500 }: RecencyOptions = {}) {
    this.#order = new InsertionOrder(capacitySlots)
    this.#eta = parseSchedule(eta)
    for (const progress of [0, 1]) {
      const value = this.#eta(progress)
      checkOption('eta', eta, value > 0 && value <= 1, 'a number in (0, 1] or a schedule within it')
    }
    checkOption('least', least, Number.isInteger(least) && least >= 1, 'an integer >= 1')
    this.#least = least
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

  /** How many of the newest items a pick would choose from now. */
  window(context: DrawContext): number {
    const { size } = this.#order
    const { index, count } = context.burst
    const share = Math.exp(((1000 * index) / count) * Math.log(this.#eta(context.progress)))
    return Math.min(size, Math.max(Math.floor(size * share), this.#least))
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, context: DrawContext): void {
    const order = this.#order
    const { size } = order
    if (size === 0) refuseEmpty(0, count)
    const window = this.window(context)
    const first = size - window
    const probability = 1 / window
    if (this.#ranks.length < count) this.#ranks = new Float64Array(count)
    for (let k = 0; k < count; k++) {
      this.#ranks[k] = first + rng.integers(window)
      out.probabilities[k] = probability
    }
    order.atAll(this.#ranks, count, out.slots)
    this.#window = window
  }

  metrics(context: DrawContext): Record<string, number> {
    return { eta: this.#eta(context.progress), window: this.#window }
  }

  state(): Serializable {
    return { kind: 'recency', order: this.#order.state() }
  }

  load(state: Serializable): void {
    this.#order.load(fit.kind(state, 'recency')['order'] ?? null)
  }
}
