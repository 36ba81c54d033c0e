/** The two ways to choose that are no way to learn in earnest: they stand here and not in the replay package. */
import type { BlindCliffwalkTable } from '@reprise/diagnostic'

/** Which transition of the memory to replay next. */
export interface Chooser {
  next(): number
  /** The TD error that the transition had when it was replayed. */
  replayed(transition: number, tdError: number): void
}

/**
 * Greedy TD-error prioritisation: the transition whose absolute TD error was the largest when it was last replayed; those
 * that never were come first. A tournament tree: the winner of all is at its root.
 */
export class Greedy implements Chooser {
  readonly #leaves: number
  readonly #errors: Float64Array
  /** [2 * leaves] winner of each match, leaf i at leaves + i. */
  readonly #winner: Int32Array

  constructor(size: number) {
    let leaves = 1
    while (leaves < size) leaves *= 2
    this.#leaves = leaves
    this.#errors = new Float64Array(leaves).fill(-1)
    this.#errors.fill(Number.POSITIVE_INFINITY, 0, size)
    this.#winner = new Int32Array(2 * leaves)
    for (let i = 0; i < leaves; i++) this.#winner[leaves + i] = i
    for (let i = leaves - 1; i >= 1; i--) this.#play(i)
  }

  next(): number {
    return this.#winner[1]!
  }

  replayed(transition: number, tdError: number): void {
    this.#errors[transition] = Math.abs(tdError)
    for (let i = (this.#leaves + transition) >> 1; i >= 1; i >>= 1) this.#play(i)
  }

  #play(i: number): void {
    const left = this.#winner[2 * i]!
    const right = this.#winner[2 * i + 1]!
    this.#winner[i] = this.#errors[right]! > this.#errors[left]! ? right : left
  }
}

/** Knows the true values: the transition whose update brings the values nearest to them. */
export class Oracle implements Chooser {
  readonly #table: BlindCliffwalkTable
  readonly #q: Float64Array
  readonly #stepSize: number
  /** One transition for each pair of state and action: all with the same pair are equal. */
  readonly #of: Int32Array

  constructor(table: BlindCliffwalkTable, q: Float64Array, stepSize: number) {
    this.#table = table
    this.#q = q
    this.#stepSize = stepSize
    this.#of = new Int32Array(2 * table.length)
    for (let i = 0; i < table.size; i++) this.#of[2 * table.state[i]! + table.action[i]!] = i
  }

  next(): number {
    const { next, reward, gamma, values } = this.#table
    const q = this.#q
    let best = 0
    let most = Number.NEGATIVE_INFINITY
    for (let pair = 0; pair < q.length; pair++) {
      const transition = this.#of[pair]!
      const s = next[transition]!
      const target = reward[transition]! + (s < 0 ? 0 : gamma * Math.max(q[2 * s]!, q[2 * s + 1]!))
      const before = q[pair]! - values[pair]!
      const after = before + this.#stepSize * (target - q[pair]!)
      const gain = before * before - after * after
      if (gain <= most) continue
      most = gain
      best = transition
    }
    return best
  }

  replayed(): void {}
}
