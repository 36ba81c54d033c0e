import { BRANCH_BITS, BRANCHING, treeLevels } from './tree-levels.ts'

/** The greatest of many values that change one at a time; -Infinity where there is none. Laid out as `SumTree`. */
export class MaxTree {
  readonly #data: Float64Array
  readonly #offsets: Int32Array
  readonly #levels: number

  constructor(leaves: number) {
    const { offsets, length } = treeLevels(leaves)
    this.#data = new Float64Array(length).fill(Number.NEGATIVE_INFINITY)
    this.#offsets = offsets
    this.#levels = offsets.length
  }

  /** Goes up only as far as something changes. */
  set(leaf: number, value: number): void {
    const data = this.#data
    let node = leaf
    let best = value
    for (let level = 0; level < this.#levels; level++) {
      const place = this.#offsets[level]! + node
      if (data[place] === best) return
      data[place] = best
      node >>>= BRANCH_BITS
      best = this.#groupMax(this.#offsets[level]! + node * BRANCHING)
    }
  }

  get max(): number {
    return this.#groupMax(this.#offsets[this.#levels - 1]!)
  }

  #groupMax(first: number): number {
    const data = this.#data
    let best = data[first]!
    for (let j = 1; j < BRANCHING; j++) {
      const value = data[first + j]!
      if (value > best) best = value
    }
    return best
  }
}
