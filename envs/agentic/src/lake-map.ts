/** Maps of RAGEN's FrozenLake, and the exact values of the game on them. */
import type { TaskRandom } from './task-random.ts'

export const FROZEN = 0
export const HOLE = 1
export const GOAL = 2
/** Values nearer than this are equal. */
const TIE = 1e-12

/** Moves left, down, right, up of each cell of a square; off the edge leads nowhere. [cells, 4] */
export function lakeMoves(size: number): Int32Array {
  const out = new Int32Array(size * size * 4)
  for (let cell = 0; cell < size * size; cell++) {
    const row = Math.floor(cell / size)
    const column = cell % size
    out[cell * 4] = column > 0 ? cell - 1 : cell
    out[cell * 4 + 1] = row < size - 1 ? cell + size : cell
    out[cell * 4 + 2] = column < size - 1 ? cell + 1 : cell
    out[cell * 4 + 3] = row > 0 ? cell - size : cell
  }
  return out
}

/**
 * Draws maps: each cell frozen with probability `frozen`, start and goal uniform and distinct, all of it anew until a
 * path without holes leads from one to the other.
 */
export class LakeMaker {
  readonly #size: number
  readonly #threshold: number
  readonly #moves: Int32Array
  readonly #queue: Int32Array
  readonly #seen: Uint8Array

  constructor(size: number, frozen: number) {
    this.#size = size
    this.#threshold = Math.round(frozen * 1048576)
    this.#moves = lakeMoves(size)
    this.#queue = new Int32Array(size * size)
    this.#seen = new Uint8Array(size * size)
  }

  /** Writes the tiles to `out` from `at` on; gives the start cell. */
  make(random: TaskRandom, out: Float64Array, at: number): number {
    const cells = this.#size * this.#size
    for (;;) {
      for (let i = 0; i < cells; i++) out[at + i] = random.chance(this.#threshold) ? FROZEN : HOLE
      const start = random.below(cells)
      let goal = random.below(cells - 1)
      if (goal >= start) goal++
      out[at + start] = FROZEN
      out[at + goal] = GOAL
      if (this.#reaches(out, at, start, goal)) return start
    }
  }

  #reaches(tiles: Float64Array, at: number, start: number, goal: number): boolean {
    const seen = this.#seen
    const queue = this.#queue
    seen.fill(0)
    seen[start] = 1
    queue[0] = start
    let count = 1
    for (let i = 0; i < count; i++) {
      for (let d = 0; d < 4; d++) {
        const next = this.#moves[queue[i]! * 4 + d]!
        if (next === goal) return true
        if (seen[next] === 1 || tiles[at + next] === HOLE) continue
        seen[next] = 1
        queue[count++] = next
      }
    }
    return false
  }
}

export interface LakeValues {
  /** [steps + 1, cells] probability of reaching the goal with so many steps left. */
  readonly best: Float64Array
  readonly random: Float64Array
  /** [steps + 1, cells] an action that attains `best`. */
  readonly action: Uint8Array
}

/** Finite-horizon dynamic programming, exact. `tiles` [cells]. */
export function lakeValues(tiles: ArrayLike<number>, steps: number, slippery: boolean): LakeValues {
  const cells = tiles.length
  const moves = lakeMoves(Math.round(Math.sqrt(cells)))
  const best = new Float64Array((steps + 1) * cells)
  const random = new Float64Array((steps + 1) * cells)
  const action = new Uint8Array((steps + 1) * cells)
  // The same, a little discounted: of equally good actions the quicker one.
  const quick = new Float64Array((steps + 1) * cells)
  for (let left = 0; left <= steps; left++) {
    for (let cell = 0; cell < cells; cell++) {
      const i = left * cells + cell
      if (tiles[cell] === GOAL) best[i] = random[i] = quick[i] = 1
      if (tiles[cell] !== FROZEN || left === 0) continue
      const value = (of: Float64Array, direction: number): number => {
        const to = (d: number) => of[(left - 1) * cells + moves[cell * 4 + (d & 3)]!]!
        return slippery ? (to(direction) + to(direction + 1) + to(direction + 3)) / 3 : to(direction)
      }
      for (let a = 0; a < 4; a++) {
        random[i]! += value(random, a) / 4
        const gain = value(best, a) - best[i]!
        const speed = 0.99 * value(quick, a)
        if (gain < -TIE || (gain <= TIE && speed <= quick[i]!)) continue
        best[i] = Math.max(best[i]!, value(best, a))
        quick[i] = speed
        action[i] = a
      }
    }
  }
  return { best, random, action }
}
