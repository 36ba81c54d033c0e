/**
 * Aggregates of a matrix of scores, as defined by rliable (Agarwal et al. 2021, "Deep Reinforcement Learning at the
 * Edge of the Statistical Precipice"). All expect a non-empty `scores[run][task]`: see `checkScores`.
 */
import type { Scores } from './scores.ts'

export type Aggregate = (scores: Scores) => number

/**
 * Interquartile mean: the mean of the middle half of all runs of all tasks. As `scipy.stats.trim_mean(scores, 0.25)`:
 * a quarter of the values, rounded down, is cut at each end; with three or fewer values nothing is.
 */
export function iqm(scores: Scores): number {
  const tasks = scores[0]!.length
  const values = new Float64Array(scores.length * tasks)
  for (let run = 0, at = 0; run < scores.length; run++) {
    for (let task = 0; task < tasks; task++) values[at++] = scores[run]![task]!
  }
  sortInPlace(values)
  const cut = Math.floor(values.length / 4)
  let sum = 0
  for (let i = cut; i < values.length - cut; i++) sum += values[i]!
  return sum / (values.length - 2 * cut)
}

/** A bootstrap sorts a handful of values many thousand times: for so few, insertion beats the call into the runtime. */
function sortInPlace(values: Float64Array): void {
  if (values.length > 32) {
    values.sort()
    return
  }
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!
    let at = i
    for (; at > 0 && values[at - 1]! > value; at--) values[at] = values[at - 1]!
    values[at] = value
  }
}

/** Mean over tasks of the mean over runs. */
export function mean(scores: Scores): number {
  return average(taskMeans(scores))
}

/** Median over tasks of the mean over runs. With one task this is that mean, as in rliable. */
export function median(scores: Scores): number {
  return quantile(taskMeans(scores), 0.5)
}

/** How far the runs fall short of `target` on average; what lies above it does not make up for it. */
export function optimalityGap(scores: Scores, target = 1): number {
  return target - average(scores.flat().map((value) => Math.min(value, target)))
}

/** Mean over runs of each task. */
export function taskMeans(scores: Scores): number[] {
  return scores[0]!.map((_, task) => average(scores.map((row) => row[task]!)))
}

export function average(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** The quantile at `q` in [0, 1] with linear interpolation, as `numpy.quantile`. */
export function quantile(values: ArrayLike<number>, q: number): number {
  return sortedQuantile(Float64Array.from(values).sort(), q)
}

/** `quantile` of values that are in ascending order. */
export function sortedQuantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1)
  const low = Math.floor(at)
  const part = at - low
  const from = sorted[low]!
  return part === 0 ? from : from + part * (sorted[low + 1]! - from)
}
