import { type Pcg64, type PcgState, RepriseError, type Serializable } from '@reprise/core'
import { checkInteger, checkNumber, refuse } from './check.ts'
import type { SelectionRule } from './selection-rules.ts'
import type { TaskStatistics } from './task-statistics.ts'

export interface TaskSelectorOptions {
  /** Share of draws that is uniform whatever the rule says, so that no task is forgotten. Default 0.1. */
  readonly explore?: number
  /** Tasks with fewer attempts come first, in order. Default 0. */
  readonly minAttempts?: number
}

/** Draws tasks to practise: by a rule over what is known of them, without repeating one within a draw. */
export class TaskSelector {
  readonly #taskIds: readonly number[]
  readonly #statistics: TaskStatistics
  readonly #rule: SelectionRule
  readonly #random: Pcg64
  readonly #explore: number
  readonly #minAttempts: number

  /** @throws RepriseError RPR_OPTION_RANGE for no tasks or bad options */
  constructor(
    taskIds: readonly number[],
    statistics: TaskStatistics,
    rule: SelectionRule,
    random: Pcg64,
    { explore = 0.1, minAttempts = 0 }: TaskSelectorOptions = {},
  ) {
    if (taskIds.length === 0) refuse('taskIds', '[]', 'at least one task')
    checkNumber('explore', explore, 0, 1)
    checkInteger('minAttempts', minAttempts, 0)
    this.#taskIds = [...taskIds]
    this.#statistics = statistics
    this.#rule = rule
    this.#random = random
    this.#explore = explore
    this.#minAttempts = minAttempts
  }

  /** The probability of each task in the first draw, in the order of the tasks; new tasks are left aside. */
  probabilities(): Float64Array {
    const weights = this.#weights()
    const sum = weights.reduce((a, b) => a + b, 0)
    return weights.map((weight) => weight / sum)
  }

  /** `count` different tasks. @throws RepriseError RPR_OPTION_RANGE for more than there are */
  draw(count: number): number[] {
    checkInteger('count', count, 1, this.#taskIds.length)
    const drawn = this.#taskIds
      .filter((taskId) => this.#statistics.get(taskId).attempts < this.#minAttempts)
      .slice(0, count)
    const taken = new Set(drawn)
    // Efraimidis and Spirakis: the largest log(u) / weight are a weighted draw without replacement.
    const weights = this.#weights()
    const keys = this.#taskIds.map((taskId, i) => {
      // One number per task in any case: what is drawn next does not depend on who came first.
      const key = Math.log(1 - this.#random.random()) / weights[i]!
      return { taskId, key }
    })
    keys.sort((a, b) => b.key - a.key)
    for (const { taskId } of keys) if (drawn.length < count && !taken.has(taskId)) drawn.push(taskId)
    return drawn
  }

  /** The rule's share and the uniform one, as one weight. */
  #weights(): Float64Array {
    const n = this.#taskIds.length
    const weights = Float64Array.from(this.#taskIds, (taskId) => this.#rule(this.#statistics.get(taskId)))
    const sum = weights.reduce((a, b) => a + b, 0)
    if (!(Number.isFinite(sum) && weights.every((weight) => weight >= 0)))
      refuse('rule', `[${weights.slice(0, 8)}]`, 'finite weights >= 0')
    // A rule that wants nothing leaves the choice to chance.
    if (sum === 0) return weights.fill(1)
    return weights.map((weight) => Math.max(1e-300, (1 - this.#explore) * (weight / sum) + this.#explore / n))
  }

  /** The generator; statistics are saved by whoever shares them. */
  save(): Serializable {
    return { taskIds: Float64Array.from(this.#taskIds), random: this.#random.state() }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for other tasks */
  load(saved: Serializable): void {
    const { taskIds, random } = saved as { taskIds: Float64Array; random: PcgState }
    if (taskIds?.length !== this.#taskIds.length || this.#taskIds.some((taskId, i) => taskId !== taskIds[i])) {
      throw new RepriseError('RPR_STATE_MISMATCH', 'A saved task selector is of other tasks.', {
        value: taskIds?.length,
        hint: 'Make it with the tasks that it was saved with.',
      })
    }
    this.#random.setState(random)
  }
}
