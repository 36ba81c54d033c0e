import type { GroupedEpisodes, GroupRange } from './grouped-episodes.ts'

export interface OutcomeStatistics {
  readonly mean: number
  /** Population deviation. */
  readonly std: number
}

/** Of the outcomes of one group, and of nothing else: rewards for form or progress do not hide a failure. */
export function outcomeStatistics({ outcomes }: GroupedEpisodes, { from, to }: GroupRange): OutcomeStatistics {
  let mean = 0
  for (let e = from; e < to; e++) mean += outcomes[e]! / (to - from)
  let variance = 0
  for (let e = from; e < to; e++) variance += (outcomes[e]! - mean) ** 2 / (to - from)
  return { mean, std: Math.sqrt(variance) }
}

/** The rule of ARPO: hardly any difference, and hardly any success. */
export function allFailed({ mean, std }: OutcomeStatistics, stdBelow: number, meanBelow: number): boolean {
  return std < stdBelow && mean < meanBelow
}
