/** The study after Schaul et al. 2016, figure 1: how many updates a Blind Cliffwalk takes, by how transitions are chosen. */
import { RepriseError } from '@reprise/core'
import { type Draw, updatesToLearn } from './q-learning.ts'

const KINDS = ['uniform', 'proportional', 'rank', 'lap', 'recency', 'reverse', 'greedy', 'oracle']
const SHORTEST = 2
const LONGEST = 16
const LONGEST_QUICK = 8

interface Job {
  readonly seed: number
  readonly set: Readonly<Record<string, unknown>>
  readonly quick: boolean
}

/** `set.draw`: how transitions are chosen; `set.maxUpdates`: where a length is given up, and the longer ones with it. */
export function run({ seed, set, quick }: Job) {
  const draw = set['draw'] as Draw | undefined
  if (!KINDS.includes(draw?.kind as string))
    throw new RepriseError('RPR_EXPERIMENT_INVALID', `set.draw.kind = ${String(draw?.kind)} is not legal.`, {
      value: draw?.kind,
      hint: `It takes one of ${KINDS.join(', ')}.`,
    })
  const maxUpdates = Number(set['maxUpdates'] ?? 20_000_000)
  const x: number[] = []
  const y: number[] = []
  const longest = quick ? LONGEST_QUICK : LONGEST
  for (let length = SHORTEST; length <= longest; length++) {
    const updates = updatesToLearn({ length, seed, draw: draw!, maxUpdates })
    if (updates === undefined) break
    x.push(length)
    y.push(updates)
  }
  const byLength = Object.fromEntries(x.map((length, i) => [`updates/n${length}`, y[i]!]))
  return {
    metrics: { ...byLength, censored_lengths: longest - SHORTEST + 1 - x.length },
    curves: { updates: { x, y } },
    xLabel: 'states',
    yLabel: 'updates until learnt',
    logY: true,
  }
}
