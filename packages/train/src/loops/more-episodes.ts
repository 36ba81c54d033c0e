/** Episodes beyond the first round of a batch, played in the rows that the environment has. */
import type { EpisodeGroups } from '@reprise/algorithms'
import { joinRounds } from './episode-packing.ts'
import type { GroupCollector, Played } from './group-collector.ts'

/**
 * `played` with more episodes of its groups. `wanted`: how many by number of the group in `played`; as many are played
 * at once as there are `rows`, whole groups where they fit, else parts of one. They are flagged as `extra`.
 */
export async function withMore(
  collector: GroupCollector,
  rows: number,
  played: Played,
  wanted: ReadonlyMap<number, number>,
): Promise<Played> {
  const parts: EpisodeGroups[] = [played.episodes]
  const numbers: number[][] = [played.tasks.map((_, g) => g)]
  let { steps } = played
  for (const [count, groups] of byCount(wanted)) {
    const atOnce = Math.max(1, Math.floor(rows / count))
    for (let from = 0; from < groups.length; from += atOnce) {
      const some = groups.slice(from, from + atOnce)
      const tasks = some.map((g) => played.tasks[g]!)
      for (let left = count; left > 0; left -= rows) {
        // A few episodes of one task may all be lost; the batch has others.
        const round = await collector.play(tasks, Math.min(left, Math.floor(rows / some.length)), true)
        steps += round.steps
        parts.push(round.episodes)
        numbers.push(round.numbers.map((number) => some[number]!))
      }
    }
  }
  return { ...played, steps, episodes: joinRounds(parts, numbers) }
}

/** Keys of equal counts together, in the order in which they come. */
export function byCount(wanted: ReadonlyMap<number, number>): Map<number, number[]> {
  const together = new Map<number, number[]>()
  for (const [key, count] of wanted) {
    if (count === 0) continue
    const keys = together.get(count)
    if (keys) keys.push(key)
    else together.set(count, [key])
  }
  return together
}
