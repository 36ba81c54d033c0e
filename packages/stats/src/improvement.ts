import { RepriseError } from '@reprise/core'
import { type BootstrapOptions, type Interval, intervals } from './bootstrap.ts'
import { checkScores, type Scores } from './scores.ts'

/**
 * The probability that a run of `x` scores higher than a run of `y` on a task drawn at random; a tie counts half
 * (the Mann-Whitney U statistic over the number of pairs, averaged over tasks). The numbers of runs may differ.
 * @throws RepriseError RPR_SHAPE where the tasks differ
 */
export function probabilityOfImprovement(x: Scores, y: Scores): number {
  const { tasks } = checkScores(x)
  if (checkScores(y).tasks !== tasks) {
    throw new RepriseError('RPR_SHAPE', `One method has ${tasks} tasks, the other ${y[0]!.length}.`, {
      hint: 'Compare them on the same tasks.',
    })
  }
  let sum = 0
  for (let task = 0; task < tasks; task++) {
    for (const a of x) {
      for (const b of y) sum += a[task]! > b[task]! ? 1 : a[task]! === b[task]! ? 0.5 : 0
    }
  }
  return sum / (tasks * x.length * y.length)
}

/** `probabilityOfImprovement` with its interval: both methods' runs are drawn again. 2 000 resamples by default. */
export function improvementInterval(x: Scores, y: Scores, options: BootstrapOptions = {}): Interval {
  return intervals([x, y], ([a, b]) => [probabilityOfImprovement(a!, b!)], options)[0]!
}
