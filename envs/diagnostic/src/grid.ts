/** Walls and moves of a square grid; cells are numbered row by row from the top left. */

/** Row and column steps of the actions up, right, down, left. */
const ROW_STEP = [-1, 0, 1, 0]
const COLUMN_STEP = [0, 1, 0, -1]

/**
 * [size * size] 1 for each cell of wall. `rooms`: walls along the middle row and column, with a door in the middle of
 * each of their four arms.
 */
export function wallsOf(kind: 'none' | 'rooms', size: number): Uint8Array {
  const walls = new Uint8Array(size * size)
  if (kind === 'none') return walls
  const middle = size >> 1
  for (let i = 0; i < size; i++) {
    walls[middle * size + i] = 1
    walls[i * size + middle] = 1
  }
  for (const door of [middle >> 1, middle + ((size - middle) >> 1)]) {
    walls[middle * size + door] = 0
    walls[door * size + middle] = 0
  }
  return walls
}

/** [size * size, 4] the cell that each action leads to: the same one at a wall or an edge. */
export function movesOf(walls: Uint8Array, size: number): Int32Array {
  const moves = new Int32Array(size * size * 4)
  for (let cell = 0; cell < size * size; cell++) {
    for (let action = 0; action < 4; action++) {
      const row = Math.floor(cell / size) + ROW_STEP[action]!
      const column = (cell % size) + COLUMN_STEP[action]!
      const inside = row >= 0 && row < size && column >= 0 && column < size
      const next = row * size + column
      moves[cell * 4 + action] = inside && walls[next] === 0 ? next : cell
    }
  }
  return moves
}
