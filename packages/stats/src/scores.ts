import { RepriseError } from '@reprise/core'

/** Scores of one method: `scores[run][task]`, every run with the same tasks in the same order. */
export type Scores = readonly (readonly number[])[]

/** One task's scores, a value per run, as the matrix that the other functions take. */
export function singleTask(scores: readonly number[]): Scores {
  return scores.map((score) => [score])
}

/** @throws RepriseError RPR_SHAPE where `scores` is empty, ragged or holds a value that is not a number. */
export function checkScores(scores: Scores): { runs: number; tasks: number } {
  const runs = scores.length
  const tasks = scores[0]?.length ?? 0
  if (runs === 0 || tasks === 0) throw new RepriseError('RPR_SHAPE', 'There are no scores.', { value: scores })
  for (const [run, row] of scores.entries()) {
    if (row.length !== tasks) {
      throw new RepriseError('RPR_SHAPE', `Run ${run} has ${row.length} tasks, run 0 has ${tasks}.`, {
        value: row,
        hint: 'Every run needs a score for every task.',
      })
    }
    const bad = row.findIndex((value) => Number.isNaN(value))
    if (bad >= 0) throw new RepriseError('RPR_SHAPE', `The score of run ${run} on task ${bad} is not a number.`)
  }
  return { runs, tasks }
}
