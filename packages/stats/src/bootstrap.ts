import { Pcg64, RepriseError } from '@reprise/core'
import { sortedQuantile } from './aggregate.ts'
import { checkScores, type Scores } from './scores.ts'

export interface BootstrapOptions {
  /** Resamples; rliable takes 50 000 for aggregates and 2 000 for comparisons, profiles and curves. */
  reps?: number
  /** Coverage of the interval. */
  confidence?: number
  /** Seed of the resampling: the same seed gives the same interval. */
  seed?: number
}

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

export const AGGREGATE_REPS = 50_000
export const COMPARISON_REPS = 2_000

/**
 * An aggregate of `scores[run][task]` with its percentile interval from a stratified bootstrap: each task's runs are
 * drawn again with replacement, independently of the other tasks' (rliable's `get_interval_estimates`). With one run
 * the interval has no width and says nothing.
 * @throws RepriseError RPR_SHAPE, RPR_OPTION_RANGE
 */
export function interval(
  scores: Scores,
  aggregate: (scores: Scores) => number,
  options: BootstrapOptions = {},
): Interval {
  const [only] = intervals([scores], ([resampled]) => [aggregate(resampled!)], { reps: AGGREGATE_REPS, ...options })
  return only!
}

/**
 * Several numbers computed from several matrices (which may differ in runs), all resampled at once.
 * `statistic` gets matrices that are written again for the next resample: it must not keep them.
 */
export function intervals(
  groups: readonly Scores[],
  statistic: (groups: readonly Scores[]) => readonly number[],
  options: BootstrapOptions = {},
): Interval[] {
  const { reps = COMPARISON_REPS, confidence = 0.95, seed = 0 } = options
  inRange('reps', reps, Number.isInteger(reps) && reps >= 1, 'an integer >= 1')
  inRange('confidence', confidence, confidence > 0 && confidence < 1, 'a number in (0, 1)')
  const shapes = groups.map(checkScores)
  const values = statistic(groups)
  const draws = values.map(() => new Float64Array(reps))
  const resampled = groups.map((scores) => scores.map((row) => [...row]))
  const rng = new Pcg64(seed)
  for (let rep = 0; rep < reps; rep++) {
    for (const [group, { runs, tasks }] of shapes.entries()) {
      const source = groups[group]!
      for (const row of resampled[group]!) {
        for (let task = 0; task < tasks; task++) row[task] = source[rng.integers(runs)]![task]!
      }
    }
    const drawn = statistic(resampled)
    for (let i = 0; i < draws.length; i++) draws[i]![rep] = drawn[i]!
  }
  const tail = (1 - confidence) / 2
  return values.map((value, i) => {
    const sorted = draws[i]!.sort()
    return { value, low: sortedQuantile(sorted, tail), high: sortedQuantile(sorted, 1 - tail) }
  })
}

function inRange(name: string, value: number, legal: boolean, range: string): void {
  if (legal) return
  throw new RepriseError('RPR_OPTION_RANGE', `'${name}' = ${value} is not legal.`, {
    value,
    hint: `It takes ${range}.`,
  })
}
