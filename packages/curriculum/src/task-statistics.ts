import { RepriseError, type Serializable } from '@reprise/core'
import { checkNumber, refuse } from './check.ts'

/** What is known of one task. Counts are fractional where old rollouts fade. */
export interface TaskRecord {
  readonly taskId: number
  readonly attempts: number
  readonly successes: number
  /** successes / attempts; NaN without attempts. */
  readonly rate: number
  readonly meanOutcome: number
  /** Of outcomes, over the attempts (not the sample variance). */
  readonly variance: number
  /** The step of the last rollout, as the caller counts. */
  readonly lastStep: number
}

export interface TaskStatisticsOptions {
  /** An outcome of at least this is a success. Default 1. */
  readonly successAt?: number
  /** Factor on a task's counts before each of its rollouts: 1 keeps everything, 0.9 about the last ten. Default 1. */
  readonly decay?: number
}

const FIELDS = 5
// Columns of a task's row: attempts, successes, sum and sum of squares of outcomes, last step.
const [ATTEMPTS, SUCCESSES, SUM, SQUARES, LAST] = [0, 1, 2, 3, 4]

/** Counts outcomes per task, in the order in which tasks first appear. */
export class TaskStatistics {
  readonly successAt: number
  readonly decay: number
  readonly #index = new Map<number, number>()
  #rows = new Float64Array(FIELDS * 64)

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor({ successAt = 1, decay = 1 }: TaskStatisticsOptions = {}) {
    checkNumber('successAt', successAt, 0, 1)
    checkNumber('decay', decay, 0, 1)
    this.successAt = successAt
    this.decay = decay
  }

  /** Tasks with at least one rollout. */
  get size(): number {
    return this.#index.size
  }

  get taskIds(): number[] {
    return [...this.#index.keys()]
  }

  /**
   * Counts a finished rollout.
   * @throws RepriseError RPR_OPTION_RANGE for an outcome outside [0, 1] (rewards are none) or a task id that is no safe integer
   */
  record(taskId: number, outcome: number, step = 0): void {
    if (!Number.isSafeInteger(taskId)) refuse('taskId', taskId, 'a safe integer')
    checkNumber('outcome', outcome, 0, 1)
    const rows = this.#rows
    let row = this.#index.get(taskId)
    if (row === undefined) {
      row = this.#index.size * FIELDS
      if (row + FIELDS > rows.length) {
        this.#rows = new Float64Array(2 * rows.length)
        this.#rows.set(rows)
      }
      this.#index.set(taskId, row)
    }
    const out = this.#rows
    if (this.decay < 1) for (let i = ATTEMPTS; i <= SQUARES; i++) out[row + i]! *= this.decay
    out[row + ATTEMPTS]! += 1
    out[row + SUCCESSES]! += outcome >= this.successAt ? 1 : 0
    out[row + SUM]! += outcome
    out[row + SQUARES]! += outcome * outcome
    out[row + LAST] = step
  }

  /** Zero attempts for a task that never ran. */
  get(taskId: number): TaskRecord {
    const row = this.#index.get(taskId)
    const at = (field: number) => (row === undefined ? 0 : this.#rows[row + field]!)
    const attempts = at(ATTEMPTS)
    const successes = at(SUCCESSES)
    const meanOutcome = at(SUM) / attempts
    const variance = Math.max(0, at(SQUARES) / attempts - meanOutcome * meanOutcome)
    return { taskId, attempts, successes, rate: successes / attempts, meanOutcome, variance, lastStep: at(LAST) }
  }

  save(): Serializable {
    return {
      successAt: this.successAt,
      decay: this.decay,
      taskIds: Float64Array.from(this.#index.keys()),
      rows: this.#rows.slice(0, this.#index.size * FIELDS),
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for what `save` did not make, or made under other options */
  load(saved: Serializable): void {
    const { successAt, decay, taskIds, rows } = saved as Record<string, unknown>
    const fits =
      taskIds instanceof Float64Array && rows instanceof Float64Array && rows.length === FIELDS * taskIds.length
    if (!fits || successAt !== this.successAt || decay !== this.decay) {
      throw new RepriseError('RPR_STATE_MISMATCH', 'Saved task statistics do not fit.', {
        value: { successAt, decay },
        hint: `Load them with successAt = ${this.successAt} and decay = ${this.decay}, as they were made.`,
      })
    }
    this.#index.clear()
    this.#rows = new Float64Array(Math.max(FIELDS * 64, rows.length))
    this.#rows.set(rows)
    for (const [i, taskId] of taskIds.entries()) this.#index.set(taskId, i * FIELDS)
  }
}
