import { Pcg64, RepriseError } from '@reprise/core'

/** Tiles: S start, F frozen, H hole, G goal. */
export const MAPS = {
  '4x4': ['SFFF', 'FHFH', 'FFFH', 'HFFG'],
  '8x8': ['SFFFFFFF', 'FFFFFFFF', 'FFFHFFFF', 'FFFFFHFF', 'FFFHFFFF', 'FHHFFFHF', 'FHFFHFHF', 'FFFHFFFG'],
} as const

/**
 * A square map with start and goal in opposite corners and a path between them, tile for tile that of Gymnasium's
 * `generate_random_map(size, p, seed)`.
 * @param frozen probability that a tile is frozen; values above 1 count as 1
 * @throws RepriseError RPR_OPTION_RANGE where no map with a path turns up
 */
export function generateRandomMap(size = 8, frozen = 0.8, seed = 0): string[] {
  const generator = new Pcg64(seed)
  const p = Math.min(1, frozen)
  // NumPy's `choice` divides the cumulative probabilities by their sum.
  const threshold = p / (p + (1 - p))
  for (let tries = 0; tries < 10_000; tries++) {
    const tiles: string[][] = Array.from({ length: size }, () =>
      Array.from({ length: size }, () => (generator.random() < threshold ? 'F' : 'H')),
    )
    tiles[0]![0] = 'S'
    tiles[size - 1]![size - 1] = 'G'
    const map = tiles.map((row) => row.join(''))
    if (hasPath(map)) return map
  }
  throw new RepriseError('RPR_OPTION_RANGE', `No map of size ${size} with a path came up in 10000 tries.`, {
    value: frozen,
    hint: `Raise the probability of frozen tiles (${frozen}) or choose a smaller map.`,
  })
}

/** Whether the goal can be reached from the first tile without a hole. */
export function hasPath(map: readonly string[]): boolean {
  const columns = map[0]!.length
  const seen = new Set<number>([0])
  const frontier = [0]
  for (let at = frontier.pop(); at !== undefined; at = frontier.pop()) {
    const row = Math.floor(at / columns)
    const column = at % columns
    for (const [r, c] of [
      [row + 1, column],
      [row, column + 1],
      [row - 1, column],
      [row, column - 1],
    ] as const) {
      const tile = map[r]?.[c]
      if (tile === 'G') return true
      const next = r * columns + c
      if (tile === undefined || tile === 'H' || seen.has(next)) continue
      seen.add(next)
      frontier.push(next)
    }
  }
  return false
}

/** @throws RepriseError RPR_OPTION_RANGE for rows of unequal length, unknown tiles or no start */
export function checkMap(map: readonly string[]): void {
  const refuse = (reason: string) => {
    throw new RepriseError('RPR_OPTION_RANGE', `Option 'desc' = ${JSON.stringify(map)} is not legal: ${reason}.`, {
      value: map,
      hint: 'Give rows of equal length made of S (start, at least one), F (frozen), H (hole) and G (goal).',
    })
  }
  if (map[0]!.length === 0 || map.some((row) => row.length !== map[0]!.length)) refuse('its rows differ in length')
  const odd = map.join('').match(/[^SFHG]/)
  if (odd) refuse(`'${odd[0]}' is no tile`)
  if (!map.some((row) => row.includes('S'))) refuse('it has no start')
}
