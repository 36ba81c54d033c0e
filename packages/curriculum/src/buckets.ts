import { checkNumber, refuse } from './check.ts'
import type { TaskRecord } from './task-statistics.ts'

export interface DifficultyBucket {
  /** The success rate that the bucket stands for. */
  readonly centre: number
  readonly taskIds: readonly number[]
}

/**
 * Sorts tasks into buckets by the nearest success rate, measured by ratio: 0.03 lies between 0.02 and 0.05. Tasks beyond
 * `reach` times the nearest centre, either way, and tasks that never ran or never succeeded, are in none.
 * @throws RepriseError RPR_OPTION_RANGE for centres that are not in (0, 1] and rising
 */
export function bucketByRate(
  tasks: readonly Pick<TaskRecord, 'taskId' | 'rate'>[],
  centres: readonly number[] = [0.02, 0.05, 0.1, 0.3],
  reach = 2,
): DifficultyBucket[] {
  for (const [i, centre] of centres.entries())
    if (!(centre > (centres[i - 1] ?? 0) && centre <= 1)) refuse('centres', `[${centres}]`, 'rising numbers in (0, 1]')
  checkNumber('reach', reach, 1)
  const limit = Math.log(reach) + 1e-12
  const buckets = centres.map((centre) => ({ centre, taskIds: [] as number[] }))
  for (const { taskId, rate } of tasks) {
    if (!(rate > 0)) continue
    let best = 0
    const distance = (i: number) => Math.abs(Math.log(rate / centres[i]!))
    for (let i = 1; i < centres.length; i++) if (distance(i) < distance(best)) best = i
    if (centres.length > 0 && distance(best) <= limit) buckets[best]!.taskIds.push(taskId)
  }
  return buckets
}
