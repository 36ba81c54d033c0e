import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { PriorityTable } from './priorities.ts'
import { checkAlpha, EXACT_ENTROPY_SLOTS } from './priority-options.ts'
import { checkOption, checkScore, fit } from './state.ts'

export interface LapOptions {
  /** Default 0.4. */
  readonly alpha?: number
  /** Least priority, > 0: the threshold of the Huber loss. Default 1. */
  readonly floor?: number
  readonly stratified?: boolean
}

/**
 * Loss-adjusted prioritised draws (LAP, Fujimoto et al. 2020): priority max(|tdError|, floor)^alpha, for a Huber loss
 * with threshold `floor` and without importance weights. New items get the greatest priority so far.
 */
export class LapSelector implements Selector {
  readonly usesScores = true
  readonly #table: PriorityTable
  readonly #floor: number

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(capacitySlots: number, { alpha = 0.4, floor = 1, stratified = true }: LapOptions = {}) {
    checkAlpha(alpha)
    checkOption('floor', floor, floor > 0 && floor < Number.POSITIVE_INFINITY, 'a finite number > 0')
    this.#floor = floor
    this.#table = new PriorityTable(capacitySlots, { alpha, stratified, initial: Math.max(1, floor) })
  }

  get size(): number {
    return this.#table.size
  }

  insert(slot: number, info: ItemInfo): void {
    if (info.score !== undefined) checkScore(slot, info.score)
    const { runningMax } = this.#table
    this.#table.set(slot, info.score === undefined ? runningMax : Math.max(info.score, this.#floor))
  }

  remove(slot: number): void {
    this.#table.remove(slot)
  }

  update(slot: number, score: number): void {
    checkScore(slot, score)
    if (this.#table.has(slot)) this.#table.set(slot, Math.max(score, this.#floor))
  }

  updateAll(slots: Int32Array, scores: ArrayLike<number>, count: number): void {
    const table = this.#table
    const floor = this.#floor
    for (let k = 0; k < count; k++) checkScore(slots[k]!, scores[k]!)
    table.touch(slots, count)
    for (let k = 0; k < count; k++) {
      const slot = slots[k]!
      const score = scores[k]!
      if (table.has(slot)) table.set(slot, Math.max(score, floor))
    }
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, _context: DrawContext): void {
    this.#table.pick(out, count, rng)
  }

  metrics(_context: DrawContext): Record<string, number> {
    const table = this.#table
    const metrics: Record<string, number> = { priority_max: table.runningMax }
    if (table.capacity <= EXACT_ENTROPY_SLOTS) metrics['priority_entropy'] = table.entropy()
    return metrics
  }

  state(): Serializable {
    return { kind: 'lap', table: this.#table.state() }
  }

  load(state: Serializable): void {
    this.#table.load(fit.kind(state, 'lap')['table'] ?? null)
  }
}
