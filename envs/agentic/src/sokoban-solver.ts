/**
 * Shortest solutions of a Sokoban room from every state at once: breadth-first search backwards from the solved states,
 * by undoing steps and pushes. One search tells which states are solvable, in how many steps, and what to do in each.
 * A state is the player's cell and the boxes' cells in rising order, over the inner cells (the border is always wall).
 */

/** Steps up, down, left, right. */
export const ROW_STEP = [-1, 1, 0, 0]
export const COLUMN_STEP = [0, 0, -1, 1]

export class SokobanSolver {
  /** Inner cells: (size - 2)². */
  readonly cells: number
  readonly boxes: number
  /** [cells] 1 where one can stand: the caller's to write. */
  readonly floor: Uint8Array
  /** [boxes] inner cells: the caller's to write. */
  readonly targets: Int32Array
  /** [states] steps to the end, -1 where there is no solution. */
  readonly distance: Int16Array
  /** The states that can be solved, by rising distance, in the first `reached` places. */
  readonly order: Int32Array
  reached = 0
  /** [cells, 4] the inner cell beside, or -1 for the border. */
  readonly #beside: Int32Array
  readonly #player: number
  readonly #held: Int32Array
  readonly #moved: Int32Array

  constructor(size: number, boxes: number) {
    const width = size - 2
    this.cells = width * width
    this.boxes = boxes
    this.floor = new Uint8Array(this.cells)
    this.targets = new Int32Array(boxes)
    this.#player = this.cells ** boxes
    this.distance = new Int16Array(this.cells * this.#player)
    this.order = new Int32Array(this.cells * this.#player)
    this.#held = new Int32Array(boxes)
    this.#moved = new Int32Array(boxes)
    this.#beside = new Int32Array(this.cells * 4)
    for (let cell = 0; cell < this.cells; cell++) {
      for (let d = 0; d < 4; d++) {
        const row = Math.floor(cell / width) + ROW_STEP[d]!
        const column = (cell % width) + COLUMN_STEP[d]!
        const inside = row >= 0 && row < width && column >= 0 && column < width
        this.#beside[cell * 4 + d] = inside ? row * width + column : -1
      }
    }
  }

  /** The number of a state. `boxes` [boxes] in any order; it is sorted in place. */
  key(player: number, boxes: Int32Array): number {
    for (let i = 1; i < boxes.length; i++) {
      for (let j = i; j > 0 && boxes[j - 1]! > boxes[j]!; j--) {
        const box = boxes[j]!
        boxes[j] = boxes[j - 1]!
        boxes[j - 1] = box
      }
    }
    let key = player
    for (let i = 0; i < boxes.length; i++) key = key * this.cells + boxes[i]!
    return key
  }

  playerOf(key: number): number {
    return Math.floor(key / this.#player)
  }

  boxesOf(key: number, out: Int32Array): void {
    let rest = key
    for (let i = out.length - 1; i >= 0; i--) {
      const quotient = Math.floor(rest / this.cells)
      out[i] = rest - quotient * this.cells
      rest = quotient
    }
  }

  /** Searches from `floor` and `targets`; writes `distance`, `order` and `reached`. No further than `limit` steps. */
  solve(limit: number): void {
    const { distance, floor, order, targets } = this
    const beside = this.#beside
    const boxes = this.#held
    distance.fill(-1)
    this.reached = 0
    for (let player = 0; player < this.cells; player++) {
      if (floor[player] === 0 || targets.includes(player)) continue
      boxes.set(targets)
      this.#reach(this.key(player, boxes), 0)
    }
    for (let i = 0; i < this.reached; i++) {
      const key = order[i]!
      const after = distance[key]! + 1
      if (after > limit) break
      const player = this.playerOf(key)
      this.boxesOf(key, boxes)
      for (let d = 0; d < 4; d++) {
        // The step that led here went in direction d: it began on the cell behind.
        const behind = beside[player * 4 + (d ^ 1)]!
        if (behind < 0 || floor[behind] === 0 || boxes.includes(behind)) continue
        this.#reach(this.key(behind, boxes), after)
        const ahead = beside[player * 4 + d]!
        const pushed = ahead < 0 ? -1 : boxes.indexOf(ahead)
        if (pushed < 0) continue
        this.#moved.set(boxes)
        this.#moved[pushed] = player
        this.#reach(this.key(behind, this.#moved), after)
      }
    }
  }

  #reach(key: number, distance: number): void {
    if (this.distance[key] !== -1) return
    this.distance[key] = distance
    this.order[this.reached++] = key
  }

  /** A step of a shortest solution, or -1 where there is none or nothing is left to do. `boxes` is sorted in place. */
  action(player: number, boxes: Int32Array): number {
    const now = this.distance[this.key(player, boxes)]!
    if (now <= 0) return -1
    for (let d = 0; d < 4; d++) {
      const ahead = this.#beside[player * 4 + d]!
      if (ahead < 0 || this.floor[ahead] === 0) continue
      this.#moved.set(boxes)
      const pushed = boxes.indexOf(ahead)
      if (pushed >= 0) {
        const beyond = this.#beside[ahead * 4 + d]!
        if (beyond < 0 || this.floor[beyond] === 0 || boxes.includes(beyond)) continue
        this.#moved[pushed] = beyond
      }
      if (this.distance[this.key(ahead, this.#moved)] === now - 1) return d
    }
    return -1
  }
}
