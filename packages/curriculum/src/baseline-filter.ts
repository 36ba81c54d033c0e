/**
 * The task filter of ARPO: the base policy plays every task k times, and only tasks that it solved at least once are
 * trained on. A task that is never solved gives groups without any signal; one that is solved now and then is what
 * replay can help with.
 */
import { RepriseError, type Serializable } from '@reprise/core'
import { checkInteger, refuse } from './check.ts'
import { TaskStatistics } from './task-statistics.ts'

export interface BaselineFilterOptions {
  /** Rollouts per task, k. Default 16. */
  readonly rollouts?: number
  /** Tasks with fewer successes are dropped. Default 1. */
  readonly minSuccesses?: number
  /** Tasks with more are dropped as too easy. Default: k, which drops none, as in ARPO. */
  readonly maxSuccesses?: number
  /** An outcome of at least this is a success. Default 1. */
  readonly successAt?: number
}

export type DropReason = 'too_few_successes' | 'too_many_successes' | 'incomplete'

export interface BaselineVerdict {
  readonly taskId: number
  readonly rollouts: number
  readonly successes: number
  /** Absent for tasks that are kept. */
  readonly dropped?: DropReason
}

export interface BaselineReport {
  readonly rollouts: number
  readonly minSuccesses: number
  readonly maxSuccesses: number
  readonly kept: readonly number[]
  readonly verdicts: readonly BaselineVerdict[]
  readonly droppedBy: Readonly<Record<DropReason, number>>
  /** [k + 1] complete tasks by number of successes. */
  readonly histogram: readonly number[]
  /** Mean success rate over complete tasks, and over those kept; NaN for none. */
  readonly rate: number
  readonly keptRate: number
}

/** Hands out base rollouts until every task has k, and then says which tasks to keep. */
export class BaselineFilter {
  readonly #taskIds: readonly number[]
  readonly #known: ReadonlySet<number>
  readonly #options: Required<BaselineFilterOptions>
  readonly #statistics: TaskStatistics
  /** Rollouts handed out, finished or not. */
  readonly #given = new Map<number, number>()
  /** Every task before this one has been handed out in full. */
  #at = 0

  /** @throws RepriseError RPR_OPTION_RANGE for bad options, or a task that is listed twice */
  constructor(taskIds: readonly number[], options: BaselineFilterOptions = {}) {
    const { rollouts = 16, minSuccesses = 1, successAt = 1 } = options
    const { maxSuccesses = rollouts } = options
    checkInteger('rollouts', rollouts, 1)
    checkInteger('minSuccesses', minSuccesses, 0, rollouts)
    checkInteger('maxSuccesses', maxSuccesses, minSuccesses, rollouts)
    this.#known = new Set(taskIds)
    if (this.#known.size < taskIds.length) refuse('taskIds', `[${taskIds}]`, 'every task once')
    this.#taskIds = [...taskIds]
    this.#options = { rollouts, minSuccesses, maxSuccesses, successAt }
    this.#statistics = new TaskStatistics({ successAt })
  }

  /** The task of the next rollout, in order, or undefined where all have been handed out. */
  next(): number | undefined {
    while (this.#at < this.#taskIds.length) {
      const taskId = this.#taskIds[this.#at]!
      const given = this.#given.get(taskId) ?? 0
      if (given < this.#options.rollouts) {
        this.#given.set(taskId, given + 1)
        return taskId
      }
      this.#at++
    }
    return undefined
  }

  /** Counts a rollout. Those beyond k are left out, so that no task has more chances than another. */
  record(taskId: number, outcome: number): void {
    if (!this.#known.has(taskId)) refuse('taskId', taskId, 'a task of this filter')
    if (this.#statistics.get(taskId).attempts < this.#options.rollouts) this.#statistics.record(taskId, outcome)
  }

  /** Takes back a rollout that failed for reasons of the machinery: it is handed out again and counts for nothing. */
  discard(taskId: number): void {
    const given = this.#given.get(taskId) ?? 0
    if (given === 0) refuse('taskId', taskId, 'a task with a rollout under way')
    this.#given.set(taskId, given - 1)
    this.#at = Math.min(this.#at, this.#taskIds.indexOf(taskId))
  }

  /** Whether every task has its k rollouts. */
  get complete(): boolean {
    return this.#taskIds.every((taskId) => this.#statistics.get(taskId).attempts >= this.#options.rollouts)
  }

  report(): BaselineReport {
    const counts = this.#taskIds.map((taskId) => {
      const { attempts, successes } = this.#statistics.get(taskId)
      return { taskId, rollouts: attempts, successes }
    })
    return baselineReport(counts, this.#options)
  }

  save(): Serializable {
    return {
      taskIds: Float64Array.from(this.#taskIds),
      options: { ...this.#options },
      statistics: this.#statistics.save(),
    }
  }

  /**
   * Rollouts that were under way when the state was saved are handed out again.
   * @throws RepriseError RPR_STATE_MISMATCH for other tasks or options
   */
  load(saved: Serializable): void {
    const { taskIds, options, statistics } = saved as {
      taskIds: Float64Array
      options: object
      statistics: Serializable
    }
    const same = taskIds?.length === this.#taskIds.length && this.#taskIds.every((taskId, i) => taskId === taskIds[i])
    if (!same || JSON.stringify(options) !== JSON.stringify(this.#options)) {
      throw new RepriseError('RPR_STATE_MISMATCH', 'A saved baseline filter does not fit.', {
        value: options,
        hint: 'Make it with the tasks and options that it was saved with.',
      })
    }
    this.#statistics.load(statistics)
    this.#given.clear()
    for (const taskId of this.#taskIds) this.#given.set(taskId, this.#statistics.get(taskId).attempts)
    this.#at = 0
  }
}

/** The verdict on every task from counts alone. Tasks without all k rollouts are dropped as incomplete. */
export function baselineReport(
  counts: readonly { readonly taskId: number; readonly rollouts: number; readonly successes: number }[],
  { rollouts = 16, minSuccesses = 1, maxSuccesses = rollouts }: BaselineFilterOptions = {},
): BaselineReport {
  const histogram = new Array<number>(rollouts + 1).fill(0)
  const droppedBy = { too_few_successes: 0, too_many_successes: 0, incomplete: 0 }
  const kept: number[] = []
  let successes = 0
  let complete = 0
  let keptSuccesses = 0
  const verdicts = counts.map((count): BaselineVerdict => {
    const reason = reasonOf(count)
    if (reason !== 'incomplete') {
      histogram[count.successes]!++
      successes += count.successes
      complete++
    }
    if (reason === undefined) {
      kept.push(count.taskId)
      keptSuccesses += count.successes
      return { ...count }
    }
    droppedBy[reason]++
    return { ...count, dropped: reason }
  })
  function reasonOf(count: { rollouts: number; successes: number }): DropReason | undefined {
    if (count.rollouts < rollouts) return 'incomplete'
    if (count.successes < minSuccesses) return 'too_few_successes'
    return count.successes > maxSuccesses ? 'too_many_successes' : undefined
  }
  return {
    rollouts,
    minSuccesses,
    maxSuccesses,
    kept,
    verdicts,
    droppedBy,
    histogram,
    rate: successes / (rollouts * complete),
    keptRate: keptSuccesses / (rollouts * kept.length),
  }
}

/** The report in words, for a terminal or a run's log. */
export function describeBaseline(report: BaselineReport): string {
  const { rollouts, minSuccesses, maxSuccesses, kept, verdicts, droppedBy, histogram, rate, keptRate } = report
  const percent = (x: number) => (Number.isNaN(x) ? 'none' : `${(100 * x).toFixed(1)} %`)
  const lines = [
    `Kept ${kept.length} of ${verdicts.length} tasks: ${minSuccesses} to ${maxSuccesses} successes in ${rollouts} base rollouts.`,
    `Success of the base policy: ${percent(rate)} over all tasks, ${percent(keptRate)} over those kept.`,
  ]
  if (droppedBy.too_few_successes > 0)
    lines.push(`Dropped ${droppedBy.too_few_successes} with fewer than ${minSuccesses} successes.`)
  if (droppedBy.too_many_successes > 0)
    lines.push(`Dropped ${droppedBy.too_many_successes} with more than ${maxSuccesses} successes.`)
  if (droppedBy.incomplete > 0) lines.push(`Dropped ${droppedBy.incomplete} without ${rollouts} finished rollouts.`)
  for (const [successes, tasks] of histogram.entries())
    if (tasks > 0)
      lines.push(`${String(successes).padStart(4)} of ${rollouts}: ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`)
  return `${lines.join('\n')}\n`
}
