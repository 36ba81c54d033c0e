/** For tests: groups of episodes whose rows tell where they came from. */
import type { GroupedEpisodes } from '../groups/grouped-episodes.ts'
import type { ScoreRows } from '../groups/score-episodes.ts'

let made = 0

export interface GroupSpec {
  readonly task: number
  readonly outcomes: readonly number[]
  readonly returns?: readonly number[]
}

/** Episodes of two or three steps. Action and both observation elements of every row: a number that no other episode has. */
export function batchOf(groups: readonly GroupSpec[]): GroupedEpisodes {
  const episodes = groups.flatMap(({ task, outcomes, returns }, group) =>
    outcomes.map((outcome, i) => ({ group, task, outcome, return: returns?.[i] ?? outcome, mark: ++made })),
  )
  const offsets = new Int32Array(episodes.length + 1)
  episodes.forEach(({ mark }, e) => {
    offsets[e + 1] = offsets[e]! + 2 + (mark % 2)
  })
  const rows = episodes.flatMap(({ mark }, e) => Array.from({ length: offsets[e + 1]! - offsets[e]! }, () => mark))
  return {
    numEpisodes: episodes.length,
    columns: {
      observation: Float32Array.from(rows.flatMap((mark) => [mark, mark])),
      action: Int32Array.from(rows),
      logProb: Float32Array.from(rows, () => -1),
    },
    offsets,
    group: Int32Array.from(episodes, ({ group }) => group),
    returns: Float64Array.from(episodes, (episode) => episode.return),
    outcomes: Float64Array.from(episodes, ({ outcome }) => outcome),
    truncated: new Uint8Array(episodes.length),
    taskIds: Float64Array.from(episodes, ({ task }) => task),
    failedEpisodes: 0,
  }
}

/** The number of each episode. */
export function marksOf({ columns, offsets, numEpisodes }: GroupedEpisodes): number[] {
  return Array.from({ length: numEpisodes }, (_, e) => columns['action']![offsets[e]!]!)
}

/** The policy of now: log-prob -0.5 of every action; entropy rises with the episode's number. */
export const scoreMarks: ScoreRows = (columns, rows) => ({
  logProb: new Float32Array(rows).fill(-0.5),
  entropy: Float32Array.from(columns['action']!),
})

/** Rewards are returns; advantages are those less the group's mean. */
export function judge({ numEpisodes, returns, group }: GroupedEpisodes) {
  const advantages = new Float64Array(numEpisodes)
  for (let e = 0; e < numEpisodes; e++) {
    const own = returns.filter((_, i) => group[i] === group[e])
    advantages[e] = returns[e]! - own.reduce((a, b) => a + b, 0) / own.length
  }
  return { rewards: returns, advantages }
}
