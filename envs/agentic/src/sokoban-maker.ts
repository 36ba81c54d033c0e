/**
 * Sokoban levels with a solution. The room is gym-sokoban's: a random walk that carves one of five 3x3 shapes per step and
 * turns with probability 0.35, 1.7 (rows + columns) steps long. Where gym-sokoban then plays backwards at random and
 * keeps the state that went farthest, here all states are searched backwards, and one is drawn uniformly from those
 * whose shortest solution has minMoves to maxMoves steps and no box on a target: difficulty is exact.
 */
import { RepriseError } from '@reprise/core'
import { COLUMN_STEP, ROW_STEP, SokobanSolver } from './sokoban-solver.ts'
import type { TaskRandom } from './task-random.ts'

/** Row-major 3x3 shapes. */
const SHAPES = ['000111000', '010010010', '000110010', '000110110', '000011010'].map((text) =>
  Uint8Array.from(text, Number),
)
const TURN = Math.round(0.35 * 1048576)
const MOST_ROOMS = 2000

/** Cells of a level, as in gym-sokoban. */
export const WALL = 0
export const FLOOR = 1
export const TARGET = 2
export const BOX_ON_TARGET = 3
export const BOX = 4
export const PLAYER = 5
export const PLAYER_ON_TARGET = 6

export interface LevelOptions {
  readonly size: number
  readonly boxes: number
  readonly minMoves: number
  readonly maxMoves: number
}

export class SokobanMaker {
  readonly #options: LevelOptions
  readonly #solver: SokobanSolver
  readonly #places: Int32Array
  readonly #boxes: Int32Array
  /** Steps of the shortest solution of the last level. */
  moves = 0
  /** The player's cell in the last level. */
  player = 0

  constructor(options: LevelOptions) {
    this.#options = options
    this.#solver = new SokobanSolver(options.size, options.boxes)
    this.#places = new Int32Array(this.#solver.cells)
    this.#boxes = new Int32Array(options.boxes)
  }

  /**
   * Writes the [size, size] cells of a level to `out` from `at` on.
   * @throws RepriseError RPR_OPTION_RANGE where no room had a level with so many moves
   */
  make(random: TaskRandom, out: Float64Array, at: number): void {
    const solver = this.#solver
    const { minMoves, maxMoves, boxes } = this.#options
    for (let tries = 0; tries < MOST_ROOMS; tries++) {
      if (!this.#carve(random)) continue
      solver.solve(maxMoves)
      let first = 0
      while (first < solver.reached && solver.distance[solver.order[first]!]! < minMoves) first++
      const count = solver.reached - first
      if (count === 0) continue
      // Boxes on targets make a state easier than it looks; a few draws find one without.
      for (let draws = 0; draws < 50; draws++) {
        const key = solver.order[first + random.below(count)]!
        solver.boxesOf(key, this.#boxes)
        let apart = true
        for (let i = 0; i < boxes; i++) if (solver.targets.includes(this.#boxes[i]!)) apart = false
        if (!apart) continue
        this.moves = solver.distance[key]!
        this.#write(solver.playerOf(key), out, at)
        return
      }
    }
    throw new RepriseError(
      'RPR_OPTION_RANGE',
      `${MOST_ROOMS} rooms of size ${this.#options.size} had no level of ${minMoves} to ${maxMoves} moves.`,
      { value: minMoves, hint: 'Lower minMoves, raise steps or maxMoves, or take a larger room.' },
    )
  }

  /** A new room with targets; false where it is too small for boxes and player. */
  #carve(random: TaskRandom): boolean {
    const { size, boxes } = this.#options
    const { floor, targets } = this.#solver
    const width = size - 2
    floor.fill(0)
    let direction = random.below(4)
    let row = 1 + random.below(size - 1)
    let column = 1 + random.below(size - 1)
    for (let step = Math.floor(3.4 * size); step > 0; step--) {
      if (random.chance(TURN)) direction = random.below(4)
      row = Math.min(width, Math.max(1, row + ROW_STEP[direction]!))
      column = Math.min(width, Math.max(1, column + COLUMN_STEP[direction]!))
      const shape = SHAPES[random.below(SHAPES.length)]!
      for (let i = 0; i < 9; i++) {
        const r = row + Math.floor(i / 3) - 2
        const c = column + (i % 3) - 2
        if (shape[i] === 1 && r >= 0 && r < width && c >= 0 && c < width) floor[r * width + c] = 1
      }
    }
    let count = 0
    for (let cell = 0; cell < floor.length; cell++) if (floor[cell] === 1) this.#places[count++] = cell
    if (count < boxes + 2) return false
    random.shuffle(this.#places, 0, count)
    for (let i = 0; i < boxes; i++) targets[i] = this.#places[i]!
    return true
  }

  #write(player: number, out: Float64Array, at: number): void {
    const { size } = this.#options
    const { floor, targets } = this.#solver
    const width = size - 2
    for (let i = 0; i < size * size; i++) out[at + i] = WALL
    for (let i = 0; i < floor.length; i++) {
      const cell = (Math.floor(i / width) + 1) * size + (i % width) + 1
      const target = targets.includes(i)
      const box = this.#boxes.includes(i)
      if (i === player) {
        out[at + cell] = target ? PLAYER_ON_TARGET : PLAYER
        this.player = cell
      } else if (floor[i] === 1) out[at + cell] = box ? BOX : target ? TARGET : FLOOR
    }
  }
}
