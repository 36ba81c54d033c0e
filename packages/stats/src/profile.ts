import { type BootstrapOptions, type Interval, intervals } from './bootstrap.ts'
import type { Scores } from './scores.ts'

/** The fraction of all runs of all tasks that score above each threshold (rliable's score distribution). */
export function performanceProfile(scores: Scores, thresholds: readonly number[]): number[] {
  const values = scores.flat()
  return thresholds.map((threshold) => values.filter((value) => value > threshold).length / values.length)
}

/** `performanceProfile` with an interval at each threshold. 2 000 resamples by default. */
export function profileIntervals(
  scores: Scores,
  thresholds: readonly number[],
  options: BootstrapOptions = {},
): Interval[] {
  return intervals([scores], ([resampled]) => performanceProfile(resampled!, thresholds), options)
}
