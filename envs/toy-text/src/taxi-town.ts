/** The town of Taxi: 5 x 5 squares, walls where the map has a bar instead of a colon. */
const TOWN = [
  '+---------+',
  '|R: | : :G|',
  '| : | : : |',
  '| : : : : |',
  '| | : | : |',
  '|Y| : |B: |',
  '+---------+',
] as const

/** Squares (row 5 + column) of red, green, yellow and blue. */
export const LANDMARKS: readonly number[] = [0, 4, 20, 23]
const LANDMARK_NAMES = ['Red', 'Green', 'Yellow', 'Blue'] as const
export const ACTION_NAMES = ['South', 'North', 'East', 'West', 'Pickup', 'Dropoff'] as const

export function eastOpen(row: number, column: number): boolean {
  return TOWN[row + 1]![2 * column + 2] === ':'
}

export function westOpen(row: number, column: number): boolean {
  return TOWN[row + 1]![2 * column] === ':'
}

export interface Place {
  readonly row: number
  readonly column: number
  /** Landmark, or 4 in the taxi. */
  readonly passenger: number
  readonly destination: number
}

/** The parts of a state number. */
export function place(state: number): Place {
  return {
    row: Math.floor(state / 100),
    column: Math.floor(state / 20) % 5,
    passenger: Math.floor(state / 4) % 5,
    destination: state % 4,
  }
}

/** The town with the taxi as `t`, or `T` with the passenger in it. */
export function drawTaxi({ row, column, passenger, destination }: Place): string {
  const lines = TOWN.map((line) => [...line])
  lines[row + 1]![2 * column + 1] = passenger === 4 ? 'T' : 't'
  const where = passenger === 4 ? 'in the taxi' : `at ${LANDMARK_NAMES[passenger]}`
  const town = lines.map((line) => line.join('')).join('\n')
  return `${town}\npassenger ${where}, to ${LANDMARK_NAMES[destination]}\n`
}
