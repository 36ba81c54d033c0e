import type { Pcg64, Serializable } from '@reprise/core'
import type { Picks } from '../selector.ts'
import { MaxTree } from './max-tree.ts'
import { powerOf } from './power.ts'
import { capacityOf, fit, refuseEmpty } from './state.ts'
import { SumTree } from './sum-tree.ts'

export interface PriorityTableOptions {
  readonly alpha: number
  readonly stratified: boolean
  /** Priority of the first items, and of new ones as long as nothing greater is known. */
  readonly initial: number
  /** Keep the least positive weight, for weights normalised by it. */
  readonly tracksLeast?: boolean
  /** Keep the greatest priority of the live items. */
  readonly tracksGreatest?: boolean
}

const ABSENT = -1
/** Sums of up to 2^30 such weights are finite. */
const GREATEST_WEIGHT = 1e290

/**
 * Slots with raw priorities and a sum tree of priority^alpha. Raw values are kept so that alpha can change and the
 * running maximum means the same whatever alpha is. An item of priority 0 is present but not drawable; where all are
 * 0, every live item is equally likely, and `uniformPicks` counts such picks.
 */
export class PriorityTable {
  readonly capacity: number
  readonly #raw: Float64Array
  readonly #tree: SumTree
  readonly #stratified: boolean
  readonly #greatest: MaxTree | undefined
  /** Of the negated positive weights: its maximum is the least of them. */
  readonly #least: MaxTree | undefined
  readonly #initial: number
  readonly #given = new Float64Array(1)
  #targets = new Float64Array(0)
  #alpha: number
  #size = 0
  #drawable = 0
  #runningMax: number
  /** Picks in which nothing had a positive priority. */
  uniformPicks = 0

  constructor(capacitySlots: number, options: PriorityTableOptions) {
    this.capacity = capacityOf(capacitySlots)
    this.#raw = new Float64Array(capacitySlots).fill(ABSENT)
    this.#tree = new SumTree(capacitySlots)
    this.#alpha = options.alpha
    this.#stratified = options.stratified
    this.#initial = options.initial
    this.#runningMax = options.initial
    this.#greatest = options.tracksGreatest ? new MaxTree(capacitySlots) : undefined
    this.#least = options.tracksLeast ? new MaxTree(capacitySlots) : undefined
  }

  /** Live slots. */
  get size(): number {
    return this.#size
  }

  /** Live slots of positive priority: the N of importance weights. */
  get drawable(): number {
    return this.#drawable
  }

  get alpha(): number {
    return this.#alpha
  }

  /** Sum of priority^alpha. */
  get total(): number {
    return this.#tree.total
  }

  /** Greatest priority ever set, and at first the initial one. */
  get runningMax(): number {
    return this.#runningMax
  }

  /** Greatest priority of the live items; the initial one where there is none above 0. */
  get currentMax(): number {
    const max = this.#greatest!.max
    return max > 0 ? max : this.#initial
  }

  /** Least positive priority^alpha over the total: the least probability; NaN where nothing is drawable. */
  get leastProbability(): number {
    return -this.#least!.max / this.#tree.total
  }

  has(slot: number): boolean {
    return this.#raw[slot]! >= 0
  }

  /** Raw priority of a live slot; negative for others. */
  priority(slot: number): number {
    return this.#raw[slot]!
  }

  /** Of a live slot in one draw; uniform where nothing has a positive priority. */
  probability(slot: number): number {
    return this.#drawable > 0 ? this.#tree.get(slot) / this.#tree.total : 1 / this.#size
  }

  /** Makes the slot live if it is not. `priority` is checked by the caller: finite and >= 0. */
  set(slot: number, priority: number): void {
    // V8 allocates for a double that it hands to a function which it does not inline: this one it always does.
    this.#given[0] = priority
    this.#setGiven(slot)
  }

  #setGiven(slot: number): void {
    const priority = this.#given[0]!
    const before = this.#raw[slot]!
    if (before < 0) this.#size++
    if (before > 0) this.#drawable--
    if (priority > 0) this.#drawable++
    if (priority > this.#runningMax) this.#runningMax = priority
    this.#raw[slot] = priority
    this.#write(slot)
  }

  /** Asks memory for what `set` will need, for many slots side by side. */
  touch(slots: Int32Array, count: number): void {
    const raw = this.#raw
    const tree = this.#tree
    let sink = 0
    for (let k = 0; k < count; k++) sink += raw[slots[k]!]! + tree.get(slots[k]!)
    tree.touched = sink
  }

  remove(slot: number): void {
    const before = this.#raw[slot]!
    if (before < 0) return
    this.#size--
    if (before > 0) this.#drawable--
    this.#raw[slot] = ABSENT
    this.#write(slot)
  }

  /** The raw priority of the slot has changed. */
  #write(slot: number): void {
    const priority = this.#raw[slot]!
    const weight = priority > 0 ? Math.min(powerOf(priority, this.#alpha), GREATEST_WEIGHT) : 0
    this.#tree.set(slot, weight)
    if (this.#greatest !== undefined) this.#greatest.set(slot, priority < 0 ? Number.NEGATIVE_INFINITY : priority)
    if (this.#least !== undefined) this.#least.set(slot, weight > 0 ? -weight : Number.NEGATIVE_INFINITY)
  }

  /** Another exponent: every weight anew, O(capacity). */
  setAlpha(alpha: number): void {
    this.#alpha = alpha
    for (let slot = 0; slot < this.capacity; slot++) this.#write(slot)
    this.#tree.flush()
  }

  /** `count` slots with their probabilities; stratified picks come in ascending order of slots. */
  pick(out: Picks, count: number, rng: Pcg64): void {
    if (this.#size === 0) refuseEmpty(0, count)
    const total = this.#tree.total
    if (this.#drawable === 0 || !(total > 0)) {
      this.#pickUniform(out, count, rng)
      return
    }
    if (this.#targets.length < count) this.#targets = new Float64Array(count)
    const targets = this.#targets
    if (this.#stratified) {
      const segment = total / count
      for (let k = 0; k < count; k++) targets[k] = (k + rng.random()) * segment
    } else for (let k = 0; k < count; k++) targets[k] = rng.random() * total
    const tree = this.#tree
    const { slots, probabilities } = out
    tree.findAll(targets, count, slots, this.#stratified)
    for (let k = 0; k < count; k++) probabilities[k] = tree.get(slots[k]!) / total
  }

  /** Rare, so without a list of live slots of its own: ranks drawn, sorted, and found in one pass. */
  #pickUniform({ slots, probabilities }: Picks, count: number, rng: Pcg64): void {
    this.uniformPicks++
    const probability = 1 / this.#size
    for (let k = 0; k < count; k++) {
      slots[k] = rng.integers(this.#size)
      probabilities[k] = probability
    }
    slots.subarray(0, count).sort()
    let rank = 0
    let k = 0
    for (let slot = 0; k < count; slot++) {
      if (this.#raw[slot]! < 0) continue
      while (k < count && slots[k] === rank) slots[k++] = slot
      rank++
    }
  }

  /** Entropy of the draw over log(size), in [0, 1]: 1 is uniform. O(capacity). */
  entropy(): number {
    if (this.#drawable === 0 || this.#size < 2) return 1
    const { total } = this.#tree
    let sum = 0
    for (let slot = 0; slot < this.capacity; slot++) {
      const weight = this.#tree.get(slot)
      if (weight > 0) sum -= (weight / total) * Math.log(weight / total)
    }
    return Math.min(1, sum / Math.log(this.#size))
  }

  state(): Serializable {
    return {
      priorities: this.#raw.slice(),
      alpha: this.#alpha,
      runningMax: this.#runningMax,
      uniformPicks: this.uniformPicks,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const priorities = fit.float64(saved, 'priorities', this.capacity)
    const alpha = fit.number(saved, 'alpha')
    const runningMax = fit.number(saved, 'runningMax')
    const uniformPicks = fit.integer(saved, 'uniformPicks')
    for (let slot = 0; slot < this.capacity; slot++) {
      const priority = priorities[slot]!
      if (priority !== ABSENT && !(priority >= 0 && priority < Number.POSITIVE_INFINITY))
        throw fit.error(`priority ${priority} of slot ${slot} is none`)
    }
    this.#raw.set(priorities)
    this.#runningMax = runningMax
    this.uniformPicks = uniformPicks
    this.#size = 0
    this.#drawable = 0
    for (let slot = 0; slot < this.capacity; slot++) {
      if (priorities[slot]! >= 0) this.#size++
      if (priorities[slot]! > 0) this.#drawable++
    }
    this.setAlpha(alpha)
  }
}
