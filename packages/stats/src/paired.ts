import { RepriseError } from '@reprise/core'
import { mean } from './aggregate.ts'
import { type BootstrapOptions, COMPARISON_REPS, type Interval, interval } from './bootstrap.ts'
import { checkScores, type Scores } from './scores.ts'

export interface PairedDifference extends Interval {
  /** `x - y` of each run and task. */
  readonly differences: Scores
}

/**
 * The mean difference `x - y` between two methods whose runs are paired (row i of both had the same seed), with its
 * interval: whole pairs are drawn again, per task. What the pair shares, such as an easy start, cancels; the interval
 * is therefore narrower than that of unpaired means where seeds matter.
 * @throws RepriseError RPR_SHAPE where the two do not have the same runs and tasks
 */
export function pairedDifference(x: Scores, y: Scores, options: BootstrapOptions = {}): PairedDifference {
  const [a, b] = [checkScores(x), checkScores(y)]
  if (a.runs !== b.runs || a.tasks !== b.tasks) {
    throw new RepriseError(
      'RPR_SHAPE',
      `${a.runs} runs of ${a.tasks} tasks cannot be paired with ${b.runs} of ${b.tasks}.`,
      { hint: 'Give both methods the same seeds and tasks, in the same order.' },
    )
  }
  const differences = x.map((row, run) => row.map((value, task) => value - y[run]![task]!))
  return { differences, ...interval(differences, mean, { reps: COMPARISON_REPS, ...options }) }
}
