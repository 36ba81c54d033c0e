/**
 * The engine around native dynamics. One class holds all three autoreset modes, because they differ only in what
 * happens to a row that ended; the hot path (SameStep) is `dynamics.step` over all rows and one pass over the results.
 */
import { copyRow } from './columns.ts'
import type { EnvSpec } from './env.ts'
import { RepriseError } from './errors.ts'
import { type ActionCheck, actionCheck } from './native-actions.ts'
import type { NativeInstance } from './native-instance.ts'
import { Pcg64 } from './random.ts'
import type { Space } from './space.ts'
import type { Serializable } from './types.ts'
import { loadVectorColumns, saveVectorColumns } from './vector-columns.ts'
import type { AutoresetMode, VectorColumns, VectorEnv, VectorResetOptions } from './vector-env.ts'

export class NativeVectorEnv<O, A> implements VectorEnv {
  readonly spec: EnvSpec
  readonly numEnvs: number
  readonly singleObservationSpace: Space
  readonly singleActionSpace: Space
  readonly autoresetMode: AutoresetMode
  readonly maskSize: number
  readonly columns: VectorColumns
  readonly canSnapshot = true
  readonly #instance: NativeInstance<O, A>
  readonly #checkActions: ActionCheck
  /** [N] 1 for a finished row that NextStep resets in the next step, or that stands still in Disabled. */
  readonly #waiting: Uint8Array
  /** [N] 1 once a row has been reset. */
  readonly #started: Uint8Array
  #allStarted = false
  /** Rows that ended in the last step, in the first `#endedCount` places: their statistics are cleared in the next. */
  readonly #ended: Int32Array
  #endedCount = 0

  constructor(instance: NativeInstance<O, A>, autoresetMode: AutoresetMode) {
    const { rows, layout, maskSize } = instance
    this.spec = instance.spec
    this.numEnvs = rows
    this.singleObservationSpace = layout.observationSpace
    this.singleActionSpace = layout.actionSpace
    this.autoresetMode = autoresetMode
    this.maskSize = maskSize
    this.#instance = instance
    this.#waiting = new Uint8Array(rows)
    this.#started = new Uint8Array(rows)
    this.#ended = new Int32Array(rows)
    this.columns = instance.columns
    this.#checkActions = actionCheck(layout.actionSpace, this.columns.actions, this.#waiting, instance.spec.id)
  }

  /** @throws RepriseError RPR_SHAPE for seeds or masks of another length, RPR_OPTION_* for bad options or seeds */
  reset({ seeds, mask, options }: VectorResetOptions = {}): void {
    const { dynamics, random, rows } = this.#instance
    const { columns } = this
    this.#checkLength('mask', mask)
    if (typeof seeds === 'object') this.#checkLength('seeds', seeds)
    const values = this.#instance.resetValues(options)
    let seed = Number.NaN
    let seeded: Pcg64 | undefined
    for (let row = 0; row < rows; row++) {
      if (mask !== undefined && !mask[row]) continue
      if (seeds !== undefined) {
        const own = typeof seeds === 'number' ? seeds + row : seeds[row]!
        // Rows of a group begin alike, and seeding takes as long as many draws.
        if (own !== seed) seeded = new Pcg64(own)
        seed = own
        random[row]!.become(seeded!)
      }
      dynamics.reset(row, values)
      columns.terminated[row] = 0
      columns.truncated[row] = 0
      columns.skipped[row] = 0
      columns.rewards[row] = 0
      columns.outcomes[row] = Number.NaN
      columns.finalTaskIds[row] = Number.NaN
      columns.episodeReturns[row] = 0
      columns.episodeLengths[row] = 0
      if (dynamics.taskId) columns.taskIds[row] = dynamics.taskId(row)
      this.#waiting[row] = 0
      this.#started[row] = 1
    }
    this.#allStarted = this.#started.every((flag) => flag === 1)
  }

  /** @throws RepriseError RPR_ENV_ORDER before every row was reset, RPR_ENV_ACTION; both before any row moved */
  step(): void {
    if (!this.#allStarted) this.#refuseOrder()
    this.#checkActions()
    this.#clearEnded()
    if (this.autoresetMode === 'SameStep') this.#advance(0, this.numEnvs)
    else this.#stepAround()
  }

  /** Steps the runs of rows between those that wait. */
  #stepAround(): void {
    const rows = this.numEnvs
    const waiting = this.#waiting
    const { skipped, rewards, terminated, truncated } = this.columns
    let begin = 0
    for (let row = 0; row < rows; row++) {
      skipped[row] = waiting[row]!
      if (waiting[row] === 0) continue
      this.#advance(begin, row)
      begin = row + 1
      rewards[row] = 0
      if (this.autoresetMode === 'NextStep') {
        waiting[row] = 0
        terminated[row] = 0
        truncated[row] = 0
        this.#restart(row)
      }
    }
    this.#advance(begin, rows)
  }

  #advance(begin: number, end: number): void {
    if (begin === end) return
    const { dynamics, limit } = this.#instance
    const { rewards, terminated, truncated, episodeReturns, episodeLengths } = this.columns
    const ended = this.#ended
    const first = this.#endedCount
    let count = first
    dynamics.step(begin, end)
    // As little as possible per row: no call, and `truncated` is touched only where it is set (see #clearEnded).
    for (let row = begin; row < end; row++) {
      episodeReturns[row] = episodeReturns[row]! + rewards[row]!
      const length = (episodeLengths[row]! + 1) | 0
      episodeLengths[row] = length
      if (terminated[row] !== 0 || length >= limit) {
        truncated[row] = length >= limit ? 1 : 0
        ended[count++] = row
      }
    }
    this.#endedCount = count
    for (let i = first; i < count; i++) this.#end(ended[i]!)
  }

  #end(row: number): void {
    const { dynamics } = this.#instance
    const { columns } = this
    const { actionMasks, finalActionMasks } = columns
    copyRow(columns.observations, row, columns.finalObservations, row)
    for (let i = row * this.maskSize; i < (row + 1) * this.maskSize; i++) finalActionMasks![i] = actionMasks![i]!
    if (dynamics.outcome) columns.outcomes[row] = dynamics.outcome(row)
    if (dynamics.taskId) columns.finalTaskIds[row] = columns.taskIds[row]!
    if (this.autoresetMode === 'SameStep') this.#restart(row)
    else this.#waiting[row] = 1
  }

  #restart(row: number): void {
    const { dynamics, defaultReset } = this.#instance
    dynamics.reset(row, defaultReset)
    if (dynamics.taskId) this.columns.taskIds[row] = dynamics.taskId(row)
  }

  /** Statistics of ended episodes stay readable until the next step. Rows that stand still keep theirs. */
  #clearEnded(): void {
    const { truncated, episodeReturns, episodeLengths, outcomes, finalTaskIds } = this.columns
    for (let i = 0; i < this.#endedCount; i++) {
      const row = this.#ended[i]!
      if (this.autoresetMode === 'Disabled') continue
      truncated[row] = 0
      outcomes[row] = Number.NaN
      finalTaskIds[row] = Number.NaN
      episodeReturns[row] = 0
      episodeLengths[row] = 0
    }
    this.#endedCount = 0
  }

  snapshot(): Serializable {
    return {
      ...this.#instance.save(),
      autoresetMode: this.autoresetMode,
      waiting: this.#waiting.slice(),
      started: this.#started.slice(),
      ended: this.#ended.slice(0, this.#endedCount),
      columns: saveVectorColumns(this.columns),
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for a snapshot of another environment, width, mode or other options */
  restore(snapshot: Serializable): void {
    const saved = snapshot as {
      autoresetMode: AutoresetMode
      waiting: Uint8Array
      started: Uint8Array
      ended: Int32Array
      columns: Serializable
    }
    if (saved.autoresetMode !== this.autoresetMode) {
      throw new RepriseError(
        'RPR_STATE_MISMATCH',
        `A snapshot of a ${saved.autoresetMode} environment does not fit a ${this.autoresetMode} one.`,
        { value: saved.autoresetMode, hint: 'Make the environment with the same autoresetMode.' },
      )
    }
    this.#instance.load(snapshot)
    this.#waiting.set(saved.waiting)
    this.#started.set(saved.started)
    this.#allStarted = this.#started.every((flag) => flag === 1)
    this.#ended.set(saved.ended)
    this.#endedCount = saved.ended.length
    loadVectorColumns(this.columns, saved.columns)
  }

  render(row: number): string {
    if (this.#started[row] !== 1) this.#refuseOrder()
    return this.#instance.dynamics.render(row)
  }

  close(): void {}

  #checkLength(name: string, given: ArrayLike<number> | undefined): void {
    if (given === undefined || given.length === this.numEnvs) return
    throw new RepriseError('RPR_SHAPE', `${name} has ${given.length} entries for ${this.numEnvs} environments.`, {
      value: given.length,
      hint: 'Give one per environment.',
    })
  }

  #refuseOrder(): never {
    const row = this.#started.indexOf(0)
    throw new RepriseError('RPR_ENV_ORDER', `${this.spec.id}: row ${row} was stepped or rendered before reset().`, {
      value: row,
      hint: 'Call reset() on every row first.',
    })
  }
}
