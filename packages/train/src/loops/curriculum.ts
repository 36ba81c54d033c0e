/**
 * Which of the fixed tasks are played: a filter before training, then a choice by what is known of each. The parts are
 * packages/curriculum's; here they meet the loop. Tasks go by the id of their seed and options (`taskIdOf`).
 */
import type { TaskChoice } from '@reprise/algorithms'
import { type Pcg64, RepriseError, type Serializable } from '@reprise/core'
import {
  baselineReport,
  difficultyRule,
  expectedRate,
  TaskSelector,
  TaskStatistics,
  varianceRule,
} from '@reprise/curriculum'
import type { EpisodeCollector, Played } from './group-collector.ts'
import { refuseUnknown, SUCCESS_AT } from './outcome-from.ts'
import { describeFilter, type Filtered, filterTasks, tasksById, writeFilter } from './task-filter.ts'
import { type Task, TaskCycle, taskIdOf } from './tasks.ts'

export class Curriculum {
  readonly #choice: TaskChoice
  readonly #listed: readonly Task[]
  readonly #tasks: ReadonlyMap<number, Task>
  readonly #rng: Pcg64
  readonly #statistics: TaskStatistics
  #cycle: TaskCycle | undefined
  #selector: TaskSelector | undefined
  #filtered: Filtered | undefined
  #iteration = 0
  /** Expected success rates of the tasks drawn since the last metrics. */
  #rates: number[] = []

  constructor(choice: TaskChoice, tasks: readonly Task[], rng: Pcg64) {
    this.#choice = choice
    this.#listed = tasks
    this.#tasks = tasksById(tasks)
    this.#rng = rng
    this.#statistics = new TaskStatistics({ successAt: SUCCESS_AT, decay: choice.decay })
    this.#offer([...this.#tasks.keys()])
  }

  /** Whether there is a filter to play before training. */
  get filters(): boolean {
    return this.#choice.filter !== null
  }

  /** Chooses among these from now on. */
  #offer(ids: readonly number[]): void {
    const { selection, target, width, explore } = this.#choice
    if (selection === 'uniform') {
      // Without a filter the list is taken as it is, tasks that are listed twice included.
      const kept = new Set(ids)
      this.#cycle = new TaskCycle(
        this.#listed.filter((task) => kept.has(taskIdOf(task))),
        this.#rng,
      )
      return
    }
    const rule = selection === 'variance' ? varianceRule() : difficultyRule(target, width)
    this.#selector = new TaskSelector(ids, this.#statistics, rule, this.#rng, { explore })
  }

  /**
   * Plays the filter and says what came of it. `folder`: the run's, for the reports.
   * @throws RPR_ENV_UNSUPPORTED without outcomes, RPR_OPTION_CONFLICT where no task is left
   */
  async start(
    collector: EpisodeCollector,
    rows: number,
    folder: string | undefined,
    say: (text: string) => void,
  ): Promise<void> {
    const { filter } = this.#choice
    if (filter === null) return
    say(`Task filter: the starting policy plays each of ${this.#tasks.size} tasks ${filter} times.`)
    const filtered = await filterTasks(collector, rows, this.#tasks, filter, (id, outcome) =>
      this.#statistics.record(id, outcome),
    )
    this.#filtered = filtered
    if (folder !== undefined) writeFilter(folder, this.#tasks, filtered)
    say(describeFilter(filtered))
    this.#offerKept(filtered)
  }

  #offerKept({ report: { kept, verdicts, rollouts } }: Filtered): void {
    if (kept.length === 0) {
      throw new RepriseError(
        'RPR_OPTION_CONFLICT',
        `Option 'taskFilter' = ${rollouts} keeps none of the ${verdicts.length} tasks: the starting policy solved none of those that were played ${rollouts} times.`,
        { value: rollouts, hint: 'Give easier tasks, more rollouts, or a better policy to start from (--init-from).' },
      )
    }
    this.#offer(kept)
  }

  draw(count: number): Task[] {
    if (this.#cycle) return Array.from({ length: count }, () => this.#cycle!.next())
    const drawn: number[] = []
    const all = this.#filtered?.report.kept.length ?? this.#tasks.size
    // Nothing repeats within a draw; where a batch has more groups than there are tasks, all are played and some again.
    while (drawn.length < count) drawn.push(...this.#selector!.draw(Math.min(all, count - drawn.length)))
    for (const id of drawn) this.#rates.push(expectedRate(this.#statistics.get(id)))
    return drawn.map((id) => this.#tasks.get(id)!)
  }

  /** Counts what was played. @throws RPR_ENV_UNSUPPORTED without outcomes */
  record({ episodes, tasks }: Played): void {
    if (this.#choice.selection === 'uniform') return
    refuseUnknown(episodes, `'taskSelection' = '${this.#choice.selection}'`)
    for (let e = 0; e < episodes.numEpisodes; e++)
      this.#statistics.record(taskIdOf(tasks[episodes.group[e]!]!), episodes.outcomes[e]!, this.#iteration)
  }

  /** `tasks/*` of the iteration, which ends with it. */
  metrics(): Record<string, number> {
    this.#iteration++
    const rates = this.#rates
    this.#rates = []
    const filtered = this.#filtered
    return {
      ...(filtered
        ? {
            'tasks/kept': filtered.report.kept.length,
            'tasks/dropped': filtered.report.verdicts.length - filtered.report.kept.length,
            'tasks/filter_steps': filtered.steps,
            'tasks/filter_success_rate': filtered.report.rate,
          }
        : {}),
      ...(rates.length > 0
        ? {
            'tasks/known': this.#statistics.size,
            'tasks/drawn_rate_mean': rates.reduce((a, b) => a + b, 0) / rates.length,
            'tasks/drawn_rate_min': Math.min(...rates),
            'tasks/drawn_rate_max': Math.max(...rates),
          }
        : {}),
    }
  }

  save(): Serializable {
    const filtered = this.#filtered
    return {
      tasks: JSON.stringify(this.#listed),
      iteration: this.#iteration,
      statistics: this.#statistics.save(),
      choice: (this.#cycle ?? this.#selector)!.save(),
      filter: filtered
        ? {
            steps: filtered.steps,
            ids: Float64Array.from(filtered.report.verdicts, ({ taskId }) => taskId),
            named: Float64Array.from(filtered.report.verdicts, ({ taskId }) => filtered.named.get(taskId) ?? taskId),
            rollouts: Float64Array.from(filtered.report.verdicts, ({ rollouts }) => rollouts),
            successes: Float64Array.from(filtered.report.verdicts, ({ successes }) => successes),
          }
        : null,
    }
  }

  /** @throws RPR_STATE_MISMATCH for other tasks or options */
  load(saved: Serializable): void {
    const { tasks, iteration, statistics, choice, filter } = saved as Readonly<Record<string, Serializable>>
    if (tasks !== JSON.stringify(this.#listed)) {
      throw new RepriseError('RPR_STATE_MISMATCH', 'The tasks are not those that the checkpoint was made with.', {
        hint: 'Restore the task file that the run began with.',
      })
    }
    this.#iteration = iteration as number
    this.#statistics.load(statistics!)
    if (filter !== null) {
      const { ids, named, rollouts, successes, steps } = filter as Record<string, Float64Array> & { steps: never }
      const counts = Array.from(ids!, (taskId, i) => ({ taskId, rollouts: rollouts![i]!, successes: successes![i]! }))
      const report = baselineReport(counts, { rollouts: this.#choice.filter ?? 1 })
      this.#filtered = { report, steps, named: new Map(Array.from(ids!, (id, i) => [id, named![i]!])) }
      this.#offerKept(this.#filtered)
    }
    ;(this.#cycle ?? this.#selector)!.load(choice!)
  }
}

/** Whether tasks are chosen at all; otherwise they come as the option `tasks` says. */
export function choosesTasks(choice: TaskChoice | undefined): choice is TaskChoice {
  return choice !== undefined && (choice.selection !== 'uniform' || choice.filter !== null)
}

/**
 * `tasks`: the fixed ones, undefined where there are none.
 * @throws RPR_OPTION_CONFLICT where no task comes twice
 */
export function checkTaskChoice(choice: TaskChoice | undefined, tasks: readonly Task[] | undefined): void {
  if (tasks !== undefined || !choosesTasks(choice)) return
  const { selection, filter } = choice
  const [name, what] =
    filter !== null
      ? [`'taskFilter' = ${filter}`, 'leaves tasks out']
      : [`'taskSelection' = '${selection}'`, 'chooses among tasks by what is known of them']
  throw new RepriseError(
    'RPR_OPTION_CONFLICT',
    `Option ${name} ${what}, and with 'tasks' = 'fresh' no task comes twice.`,
    { value: 'fresh', hint: "Set 'tasks' to a number of fixed tasks or to a file." },
  )
}

/** Legal choices that change little, each a sentence with its consequence. */
export function oddTaskChoice(
  choice: TaskChoice | undefined,
  tasks: readonly Task[] | undefined,
  groups: number,
): string[] {
  if (tasks === undefined || choice === undefined || choice.selection === 'uniform' || groups < tasks.length) return []
  return [
    `taskSelection '${choice.selection}' has little to choose: each batch plays ${groups} groups, and there are ${tasks.length} tasks.`,
  ]
}
