/** Episodes beyond the first round of a batch, played in the rows that the environment has. */
import type { EpisodeGroups } from '@reprise/algorithms'
import { joinRounds } from './episode-packing.ts'
import type { EpisodeCollector, Played } from './group-collector.ts'

/**
 * `played` with more episodes of its groups. `wanted`: how many by number of the group in `played`; as many are played
 * at once as there are `rows`, whole groups where they fit, else parts of one. They are flagged as `extra`.
 */
export async function withMore(
  collector: EpisodeCollector,
  rows: number,
  played: Played,
  wanted: ReadonlyMap<number, number>,
): Promise<Played> {
  const parts: EpisodeGroups[] = [played.episodes]
  const numbers: number[][] = [played.tasks.map((_, g) => g)]
  let { steps } = played
  for (const { keys, size } of rounds(rows, wanted)) {
    const tasks = keys.map((g) => played.tasks[g]!)
    // A few episodes of one task may all be lost; the batch has others.
    const round = await collector.play(tasks, size, true)
    steps += round.steps
    parts.push(round.episodes)
    numbers.push(round.numbers.map((number) => keys[number]!))
  }
  return { ...played, steps, episodes: joinRounds(parts, numbers) }
}

/** `wanted` episodes of each key in rounds of at most `rows`: `size` of each of `keys`, whole where they fit, else in parts. */
export function* rounds(
  rows: number,
  wanted: ReadonlyMap<number, number>,
): Generator<{ keys: readonly number[]; size: number }> {
  for (const [count, all] of byCount(wanted)) {
    const atOnce = Math.max(1, Math.floor(rows / count))
    for (let from = 0; from < all.length; from += atOnce) {
      const keys = all.slice(from, from + atOnce)
      for (let left = count; left > 0; left -= rows)
        yield { keys, size: Math.min(left, Math.floor(rows / keys.length)) }
    }
  }
}

/** Keys of equal counts together, in the order in which they come. */
function byCount(wanted: ReadonlyMap<number, number>): Map<number, number[]> {
  const together = new Map<number, number[]>()
  for (const [key, count] of wanted) {
    if (count === 0) continue
    const keys = together.get(count)
    if (keys) keys.push(key)
    else together.set(count, [key])
  }
  return together
}
