import { cumulative } from './categorical.ts'

/** One way that an action can turn out. */
export interface Turn {
  readonly next: number
  readonly reward: number
  readonly terminated: boolean
}

/**
 * Transitions of a small Markov decision process as flat arrays: entry (state * actions + action) * 3 + turn. Every pair
 * has up to three turns; with fewer, the sums of the first exceed every draw.
 */
export class GridTable {
  readonly next: Int32Array
  readonly reward: Float64Array
  readonly terminated: Uint8Array
  /** Cumulative probabilities, same layout. */
  readonly sums: Float64Array
  readonly actions: number

  constructor(
    states: number,
    actions: number,
    turnsOf: (state: number, action: number) => readonly Turn[],
    probabilities: readonly number[],
  ) {
    const size = states * actions * 3
    this.actions = actions
    this.next = new Int32Array(size)
    this.reward = new Float64Array(size)
    this.terminated = new Uint8Array(size)
    this.sums = new Float64Array(size).fill(2)
    const threeWay = cumulative(probabilities)
    for (let state = 0; state < states; state++) {
      for (let action = 0; action < actions; action++) {
        const turns = turnsOf(state, action)
        const at = (state * actions + action) * 3
        for (const [i, { next, reward, terminated }] of turns.entries()) {
          this.next[at + i] = next
          this.reward[at + i] = reward
          this.terminated[at + i] = terminated ? 1 : 0
          if (turns.length === 3) this.sums[at + i] = threeWay[i]!
        }
      }
    }
  }

  /** The entry that a draw in [0, 1), in `draw[0]`, selects: the first whose sum exceeds it, else the first of all. */
  entry(state: number, action: number, draw: Float64Array): number {
    const u = draw[0]!
    const at = (state * this.actions + action) * 3
    if (this.sums[at]! > u) return at
    if (this.sums[at + 1]! > u) return at + 1
    return this.sums[at + 2]! > u ? at + 2 : at
  }
}
