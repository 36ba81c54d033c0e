import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { ImportanceWeights } from './importance-weights.ts'
import { IndexedHeap } from './indexed-heap.ts'
import { powerOf } from './power.ts'
import { EXACT_ENTROPY_SLOTS, type PriorityOptions, resolvePriorityOptions } from './priority-options.ts'
import { checkScore, fit, refuseEmpty } from './state.ts'

/**
 * Rank-based prioritised draws (Schaul et al. 2016): P(i) = rank(i)^-alpha / sum, rank 1 the greatest score. As in the
 * paper the ranks are those of a heap's array, sorted anew after as many changes as there are items. Stratified: one
 * draw in each of `count` segments of equal mass, by the exact distribution within them. An item of score 0 is the
 * last rank, yet drawable.
 */
export class RankSelector implements Selector {
  readonly usesScores = true
  readonly #heap: IndexedHeap
  /** [capacity + 1] sum of rank^-alpha up to and with each rank. */
  readonly #mass: Float64Array
  readonly #weights = new ImportanceWeights()
  readonly #options: ReturnType<typeof resolvePriorityOptions>
  #runningMax = 1
  #changes = 0

  /** `alpha` is 0.7 if left out. @throws RepriseError RPR_OPTION_RANGE, RPR_OPTION_TYPE */
  constructor(capacitySlots: number, options: PriorityOptions = {}) {
    this.#options = resolvePriorityOptions(options, 0.7)
    this.#heap = new IndexedHeap(capacitySlots)
    const mass = new Float64Array(capacitySlots + 1)
    for (let rank = 1; rank <= capacitySlots; rank++)
      mass[rank] = mass[rank - 1]! + 1 / powerOf(rank, this.#options.alpha)
    this.#mass = mass
  }

  get size(): number {
    return this.#heap.size
  }

  insert(slot: number, info: ItemInfo): void {
    const { newPriority } = this.#options
    let score = 1
    if (info.score !== undefined) {
      checkScore(slot, info.score)
      score = info.score
    } else if (newPriority === 'runningMax') score = this.#runningMax
    else if (newPriority === 'currentMax') {
      this.#heap.remove(slot)
      if (this.#heap.size > 0) score = this.#heap.score(this.#heap.order[0]!)
    }
    this.#set(slot, score)
  }

  remove(slot: number): void {
    this.#heap.remove(slot)
    this.#changes++
  }

  update(slot: number, score: number): void {
    checkScore(slot, score)
    if (this.#heap.has(slot)) this.#set(slot, score + this.#options.epsilon)
  }

  #set(slot: number, score: number): void {
    if (score > this.#runningMax) this.#runningMax = score
    this.#heap.set(slot, score)
    this.#changes++
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, _context: DrawContext): void {
    const heap = this.#heap
    const { size, order } = heap
    if (size === 0) refuseEmpty(0, count)
    if (this.#changes > size) {
      heap.sort()
      this.#changes = 0
    }
    const mass = this.#mass
    const total = mass[size]!
    const { slots, probabilities } = out
    const segment = total / count
    for (let k = 0; k < count; k++) {
      const target = this.#options.stratified ? (k + rng.random()) * segment : rng.random() * total
      // The first rank whose mass lies beyond the target.
      let low = 1
      let high = size
      while (low < high) {
        const middle = (low + high) >>> 1
        if (mass[middle]! > target) high = middle
        else low = middle + 1
      }
      slots[k] = order[low - 1]!
      probabilities[k] = (mass[low]! - mass[low - 1]!) / total
    }
  }

  weights(picks: Picks, count: number, out: Float32Array, context: DrawContext): void {
    const { size } = this.#heap
    const mass = this.#mass
    const least = (mass[size]! - mass[size - 1]!) / mass[size]!
    const global = this.#options.normalizeBy === 'globalMin' && size > 0
    const beta = this.#options.beta(context.progress)
    this.#weights.fill(picks.probabilities, count, beta, out, global ? least : undefined)
  }

  metrics(context: DrawContext): Record<string, number> {
    const metrics: Record<string, number> = {
      priority_max: this.#runningMax,
      beta: this.#options.beta(context.progress),
    }
    const { size } = this.#heap
    const entropy =
      size <= EXACT_ENTROPY_SLOTS ? this.#entropy(size) : Math.min(1, this.#weights.surprise / Math.log(size))
    if (Number.isFinite(entropy)) metrics['priority_entropy'] = entropy
    if (this.#weights.rows > 0) metrics['ess'] = this.#weights.effective
    return metrics
  }

  #entropy(size: number): number {
    if (size < 2) return 1
    const mass = this.#mass
    let sum = 0
    for (let rank = 1; rank <= size; rank++) {
      const probability = (mass[rank]! - mass[rank - 1]!) / mass[size]!
      sum -= probability * Math.log(probability)
    }
    return Math.min(1, sum / Math.log(size))
  }

  state(): Serializable {
    return { kind: 'rank', heap: this.#heap.state(), runningMax: this.#runningMax, changes: this.#changes }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'rank')
    const runningMax = fit.number(saved, 'runningMax')
    const changes = fit.integer(saved, 'changes')
    this.#heap.load(saved['heap'] ?? null)
    this.#runningMax = runningMax
    this.#changes = changes
  }
}
