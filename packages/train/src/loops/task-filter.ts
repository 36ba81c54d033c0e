/** The task filter before training: what the starting policy makes of every task, and which ones are kept. */
import { join } from 'node:path'
import { BaselineFilter, type BaselineReport, type DropReason } from '@reprise/curriculum'
import { writeFileAtomic } from '@reprise/storage'
import { stringify } from 'yaml'
import type { EpisodeCollector } from './group-collector.ts'
import { rounds } from './more-episodes.ts'
import { refuseUnknown, SUCCESS_AT } from './outcome-from.ts'
import { type Task, taskIdOf } from './tasks.ts'

/** How often what an environment lost is played again. */
const ATTEMPTS = 3

export interface Filtered {
  readonly report: BaselineReport
  /** Environment steps that it took. */
  readonly steps: number
  /** Ids that the environment gives its tasks, by our own. */
  readonly named: ReadonlyMap<number, number>
}

/** @throws RPR_ENV_UNSUPPORTED where an episode has no outcome */
export async function filterTasks(
  collector: EpisodeCollector,
  rows: number,
  tasks: ReadonlyMap<number, Task>,
  rollouts: number,
  onOutcome: (id: number, outcome: number) => void,
): Promise<Filtered> {
  const filter = new BaselineFilter([...tasks.keys()], { rollouts, successAt: SUCCESS_AT })
  const named = new Map<number, number>()
  let steps = 0
  for (let attempt = 0; attempt < ATTEMPTS && !filter.complete; attempt++) {
    const wanted = new Map<number, number>()
    for (let id = filter.next(); id !== undefined; id = filter.next()) wanted.set(id, (wanted.get(id) ?? 0) + 1)
    for (const { keys, size } of rounds(rows, wanted)) {
      const played = await collector.play(
        keys.map((id) => tasks.get(id)!),
        size,
        named.size > 0,
      )
      steps += played.steps
      const { episodes, numbers } = played
      refuseUnknown(episodes, "'taskFilter'")
      const finished = new Map<number, number>()
      for (let e = 0; e < episodes.numEpisodes; e++) {
        const id = keys[numbers[episodes.group[e]!]!]!
        filter.record(id, episodes.outcomes[e]!)
        onOutcome(id, episodes.outcomes[e]!)
        named.set(id, episodes.taskIds[e]!)
        finished.set(id, (finished.get(id) ?? 0) + 1)
      }
      for (const id of keys) for (let lost = finished.get(id) ?? 0; lost < size; lost++) filter.discard(id)
    }
  }
  return { report: filter.report(), steps, named }
}

const WHY: Readonly<Record<DropReason, string>> = {
  too_few_successes: 'no success',
  too_many_successes: 'too many successes',
  incomplete: 'the environment failed',
}

/** task-filter.json: the verdict on every task; kept-tasks.yaml: those that are kept, as the option `tasks` reads them. */
export function writeFilter(folder: string, tasks: ReadonlyMap<number, Task>, filtered: Filtered): void {
  const { report, steps, named } = filtered
  const { rollouts, minSuccesses, kept, droppedBy, histogram, rate, keptRate, verdicts } = report
  const content = {
    rollouts,
    minSuccesses,
    successAt: SUCCESS_AT,
    environmentSteps: steps,
    tasks: tasks.size,
    kept: kept.length,
    droppedBy,
    // JSON has no NaN.
    successRate: Number.isNaN(rate) ? null : rate,
    successRateOfKept: Number.isNaN(keptRate) ? null : keptRate,
    tasksBySuccesses: histogram,
    verdicts: verdicts.map(({ taskId, rollouts, successes, dropped }) => ({
      ...tasks.get(taskId),
      taskId: named.get(taskId) ?? taskId,
      rollouts,
      successes,
      kept: dropped === undefined,
      why: dropped === undefined ? `${successes} of ${rollouts} succeeded` : WHY[dropped],
    })),
  }
  writeFileAtomic(join(folder, 'task-filter.json'), `${JSON.stringify(content, null, 2)}\n`)
  if (kept.length > 0) writeFileAtomic(join(folder, 'kept-tasks.yaml'), stringify(kept.map((id) => tasks.get(id)!)))
}

/** One paragraph for the terminal and the log. */
export function describeFilter({ report, steps }: Filtered): string {
  const { kept, verdicts, rollouts, minSuccesses, droppedBy, rate, keptRate } = report
  const percent = (x: number) => (Number.isNaN(x) ? 'unknown' : `${(100 * x).toFixed(1)} %`)
  const dropped = (Object.keys(WHY) as DropReason[])
    .filter((reason) => droppedBy[reason] > 0)
    .map((reason) => `${droppedBy[reason]} dropped (${WHY[reason]})`)
  return [
    `Task filter: kept ${kept.length} of ${verdicts.length} tasks, those with at least ${minSuccesses} success in ${rollouts} rollouts of the starting policy`,
    ...dropped,
    `its success rate is ${percent(rate)} over all and ${percent(keptRate)} over those kept`,
    `that took ${steps} environment steps, which are not counted in the steps of the run. Every verdict is in task-filter.json.`,
  ].join('; ')
}

/** Tasks by id; those that are listed twice are one. */
export function tasksById(tasks: readonly Task[]): Map<number, Task> {
  return new Map(tasks.map((task) => [taskIdOf(task), task]))
}
