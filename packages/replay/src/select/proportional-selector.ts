import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { ImportanceWeights } from './importance-weights.ts'
import { PriorityTable } from './priorities.ts'
import { checkAlpha, EXACT_ENTROPY_SLOTS, type PriorityOptions, resolvePriorityOptions } from './priority-options.ts'
import { checkScore, fit } from './state.ts'

/**
 * Proportional prioritised draws (Schaul et al. 2016): P(i) = p_i^alpha / sum, p_i = score + epsilon; importance weights
 * (N P(i))^-beta over their greatest, N = the drawable items. A score given with a new item is its priority as it is:
 * 0 there means present but not drawable. Within one pick, stratified draws are not independent, and their
 * probabilities are those of a single draw.
 */
export class ProportionalSelector implements Selector {
  readonly usesScores = true
  readonly #table: PriorityTable
  readonly #weights = new ImportanceWeights()
  readonly #options: ReturnType<typeof resolvePriorityOptions>

  /** @throws RepriseError RPR_OPTION_RANGE, RPR_OPTION_TYPE */
  constructor(capacitySlots: number, options: PriorityOptions = {}) {
    this.#options = resolvePriorityOptions(options, 0.6)
    const { alpha, stratified, normalizeBy, newPriority } = this.#options
    this.#table = new PriorityTable(capacitySlots, {
      alpha,
      stratified,
      initial: 1,
      tracksGreatest: newPriority === 'currentMax',
      tracksLeast: normalizeBy === 'globalMin',
    })
  }

  get size(): number {
    return this.#table.size
  }

  /** Raw priority of a live slot; negative for others. */
  priority(slot: number): number {
    return this.#table.priority(slot)
  }

  insert(slot: number, info: ItemInfo): void {
    const { newPriority } = this.#options
    const table = this.#table
    if (info.score !== undefined) {
      checkScore(slot, info.score)
      table.set(slot, info.score)
      return
    }
    // A slot that is live already must not count toward the maximum of the others.
    if (newPriority === 'currentMax') table.remove(slot)
    table.set(
      slot,
      newPriority === 'runningMax' ? table.runningMax : newPriority === 'currentMax' ? table.currentMax : 1,
    )
  }

  remove(slot: number): void {
    this.#table.remove(slot)
  }

  update(slot: number, score: number): void {
    checkScore(slot, score)
    if (this.#table.has(slot)) this.#table.set(slot, score + this.#options.epsilon)
  }

  updateAll(slots: Int32Array, scores: ArrayLike<number>, count: number): void {
    const table = this.#table
    const { epsilon } = this.#options
    for (let k = 0; k < count; k++) checkScore(slots[k]!, scores[k]!)
    table.touch(slots, count)
    for (let k = 0; k < count; k++) {
      const slot = slots[k]!
      const score = scores[k]!
      if (table.has(slot)) table.set(slot, score + epsilon)
    }
  }

  /** Another exponent from now on: every weight anew, O(capacity). @throws RepriseError RPR_OPTION_RANGE */
  setAlpha(alpha: number): void {
    checkAlpha(alpha)
    this.#table.setAlpha(alpha)
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, _context: DrawContext): void {
    this.#table.pick(out, count, rng)
  }

  weights(picks: Picks, count: number, out: Float32Array, context: DrawContext): void {
    const beta = this.#options.beta(context.progress)
    const global = this.#options.normalizeBy === 'globalMin' && this.#table.drawable > 0
    const least = global ? this.#table.leastProbability : undefined
    this.#weights.fill(picks.probabilities, count, beta, out, least)
  }

  metrics(context: DrawContext): Record<string, number> {
    const table = this.#table
    const { size } = table
    const metrics: Record<string, number> = {
      priority_max: table.runningMax,
      beta: this.#options.beta(context.progress),
      uniform_picks: table.uniformPicks,
    }
    const exact = table.capacity <= EXACT_ENTROPY_SLOTS
    const entropy = exact ? table.entropy() : Math.min(1, this.#weights.surprise / Math.log(size))
    if (Number.isFinite(entropy)) metrics['priority_entropy'] = entropy
    if (this.#weights.rows > 0) metrics['ess'] = this.#weights.effective
    return metrics
  }

  state(): Serializable {
    return { kind: 'proportional', table: this.#table.state() }
  }

  load(state: Serializable): void {
    this.#table.load(fit.kind(state, 'proportional')['table'] ?? null)
  }
}
