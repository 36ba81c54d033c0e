/**
 * Single environments stepped side by side. One class holds the three autoreset modes, because they differ only in what
 * happens to a row that ended, and both kinds of environment: rows that answer at once are written at once, promises
 * are awaited together. Longer than most files for that reason; what a row's answer must look like is in row-contract.ts.
 */
import { copyRow } from './columns.ts'
import type { AnyEnv, EnvOptions, EnvSpec, Reports, ResetResult, StepResult } from './env.ts'
import { RepriseError } from './errors.ts'
import { clonePlain } from './plain-data.ts'
import { RowContract } from './row-contract.ts'
import type { Space } from './space.ts'
import { maskSize, spacesEqual } from './spaces/index.ts'
import type { MaybePromise, Serializable } from './types.ts'
import { createVectorColumns, loadVectorColumns, saveVectorColumns } from './vector-columns.ts'
import type { AutoresetMode, VectorColumns, VectorEnv, VectorResetOptions } from './vector-env.ts'

export interface SyncVectorOptions {
  /** Default SameStep. */
  autoresetMode?: AutoresetMode
  /**
   * `fail`: a throwing environment sets `failed` and ends its row. `throw` (default): RPR_ENV_FAILED goes to the caller,
   * with what was thrown as its cause.
   */
  onError?: 'throw' | 'fail'
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * A VectorEnv over single environments, which may be asynchronous. Whatever an environment reports that breaks the
 * contract of Env (a NaN, a wrong length, no legal action) throws RPR_ENV_CONTRACT, also under `onError: 'fail'`. What
 * an environment throws itself becomes RPR_ENV_FAILED, unless it is a RepriseError already.
 */
export class SyncVectorEnv implements VectorEnv {
  readonly spec: EnvSpec
  readonly numEnvs: number
  readonly singleObservationSpace: Space
  readonly singleActionSpace: Space
  readonly autoresetMode: AutoresetMode
  readonly columns: VectorColumns
  readonly canSnapshot: boolean
  readonly envs: readonly AnyEnv[]
  /** What each row threw last, under `onError: 'fail'`. */
  readonly errors: unknown[]
  readonly #failing: boolean
  readonly #contract: RowContract
  #maskSize: number
  /** [N] 1 once the row has been reset. */
  readonly #started: Uint8Array
  /** [N] 1 where the episode is over: Disabled rows stand still, others are to be reset in the next step. */
  readonly #waiting: Uint8Array
  /** [N] 1 where the episode ended in the last step: its statistics are cleared in the next. */
  readonly #ended: Uint8Array
  #pending: Promise<void>[] = []

  /** @throws RepriseError RPR_ENV_CONTRACT for no environments, or some with different spaces */
  constructor(envs: readonly AnyEnv[], { autoresetMode = 'SameStep', onError = 'throw' }: SyncVectorOptions = {}) {
    const first = checkEnvs(envs)
    this.envs = envs
    this.spec = first.spec ?? { id: 'Custom-v0' }
    this.numEnvs = envs.length
    this.singleObservationSpace = first.observationSpace
    this.singleActionSpace = first.actionSpace
    this.autoresetMode = autoresetMode
    this.canSnapshot = envs.every((env) => env.snapshot !== undefined && env.restore !== undefined)
    this.errors = new Array(envs.length).fill(undefined)
    this.#failing = onError === 'fail'
    this.#maskSize = first.spec?.actionMasks ? maskSize(first.actionSpace) : 0
    this.columns = createVectorColumns(first.observationSpace, first.actionSpace, envs.length, this.#maskSize)
    this.#contract = new RowContract(first, this.columns)
    this.#started = new Uint8Array(envs.length)
    this.#waiting = new Uint8Array(envs.length)
    this.#ended = new Uint8Array(envs.length)
  }

  get maskSize(): number {
    return this.#maskSize
  }

  // ------------------------------------------------------------------------------------------------ reset

  /** @throws RepriseError RPR_SHAPE for seeds or masks of another length, RPR_ENV_CONTRACT; RPR_OPTION_* */
  reset({ seeds, mask, options }: VectorResetOptions = {}): MaybePromise<void> {
    if (typeof seeds === 'object') this.#checkLength('seeds', seeds)
    if (mask !== undefined) this.#checkLength('mask', mask)
    return this.#eachRow((row) => {
      if (mask !== undefined && !mask[row]) return
      this.#clear(row)
      const seed = seeds === undefined ? undefined : typeof seeds === 'number' ? seeds + row : seeds[row]!
      this.#resetRow(row, seed, options)
    })
  }

  #clear(row: number): void {
    const { columns } = this
    columns.rewards[row] = 0
    columns.terminated[row] = 0
    columns.truncated[row] = 0
    columns.skipped[row] = 0
    columns.failed[row] = 0
    columns.episodeReturns[row] = 0
    columns.episodeLengths[row] = 0
    columns.outcomes[row] = Number.NaN
    columns.finalTaskIds[row] = Number.NaN
    this.#started[row] = 1
    this.#waiting[row] = 0
    this.#ended[row] = 0
  }

  #resetRow(row: number, seed: number | undefined, options: EnvOptions | undefined): void {
    let result: MaybePromise<ResetResult<unknown>>
    try {
      result = this.envs[row]!.reset({
        ...(seed === undefined ? {} : { seed }),
        ...(options === undefined ? {} : { options }),
      })
    } catch (error) {
      this.#failReset(row, error)
      return
    }
    if (!(result instanceof Promise)) this.#begin(row, result)
    else
      this.#pending.push(
        result.then(
          (first) => this.#begin(row, first),
          (error) => this.#failReset(row, error),
        ),
      )
  }

  #begin(row: number, result: ResetResult<unknown>): void {
    this.#waiting[row] = 0
    this.#contract.checkReset(row, result)
    this.#contract.writeObservation(row, result.observation, this.columns.observations)
    this.#declareMasks(result)
    if (this.#maskSize > 0) this.#contract.writeMask(row, result.actionMask, this.columns.actionMasks!, true)
    else this.#contract.refuseMask(row, result)
    this.columns.taskIds[row] = Number.NaN
    this.#readTask(row, result)
  }

  /** Undeclared masks: the first reset of all says whether there are any. */
  #declareMasks({ actionMask }: Reports): void {
    if (this.#maskSize > 0 || this.#contract.sawReset) return
    this.#contract.sawReset = true
    if (actionMask !== undefined) this.#addMasks()
  }

  #addMasks(): void {
    this.#maskSize = maskSize(this.singleActionSpace)
    const columns = this.columns as Mutable<VectorColumns>
    columns.actionMasks = new Uint8Array(this.numEnvs * this.#maskSize)
    columns.finalActionMasks = new Uint8Array(this.numEnvs * this.#maskSize)
  }

  /** A row without a first state stays where it is; the next step tries again, or `reset` where the mode is Disabled. */
  #failReset(row: number, error: unknown): void {
    this.#refuse(row, 'reset', error)
    this.#waiting[row] = 1
    // Within a step that ended an episode, that step's result stands: only a row without a transition has failed.
    if (this.#ended[row]) return
    this.columns.failed[row] = 1
    if (!this.columns.skipped[row]) this.columns.truncated[row] = 1
  }

  /** Throws what is not the environment's own failure, or everything under `throw`. */
  #refuse(row: number, call: 'reset' | 'step', error: unknown): void {
    const code = error instanceof Error && error.name === 'RepriseError' ? (error as RepriseError).code : ''
    if (/^RPR_(ENV|SPACE|OPTION|STATE)_/.test(code) || (!this.#failing && code !== '')) throw error
    if (!this.#failing) throw failure(`${this.spec.id}, row ${row}: ${call}`, error)
    this.errors[row] = error
  }

  // ------------------------------------------------------------------------------------------------ step

  /** @throws RepriseError RPR_ENV_ORDER before every row was reset, RPR_ENV_ACTION, RPR_ENV_CONTRACT */
  step(): MaybePromise<void> {
    const unstarted = this.#started.indexOf(0)
    if (unstarted >= 0) throw this.#notReset(unstarted)
    this.#contract.checkActions(this.#waiting)
    return this.#eachRow((row) => this.#stepRow(row))
  }

  #stepRow(row: number): void {
    const { columns } = this
    const stands = this.autoresetMode === 'Disabled' && this.#waiting[row] === 1
    columns.rewards[row] = 0
    if (stands) {
      columns.skipped[row] = 1
      this.#ended[row] = 0
      return
    }
    columns.terminated[row] = 0
    columns.truncated[row] = 0
    columns.failed[row] = 0
    columns.outcomes[row] = Number.NaN
    columns.finalTaskIds[row] = Number.NaN
    if (this.#ended[row] || this.#waiting[row]) {
      columns.episodeReturns[row] = 0
      columns.episodeLengths[row] = 0
      this.#ended[row] = 0
    }
    columns.skipped[row] = this.#waiting[row]!
    if (this.#waiting[row]) {
      this.#resetRow(row, undefined, undefined)
      return
    }
    let result: MaybePromise<StepResult<unknown>>
    try {
      result = this.envs[row]!.step(this.singleActionSpace.read(columns.actions, row))
    } catch (error) {
      this.#failStep(row, error)
      return
    }
    if (!(result instanceof Promise)) this.#advance(row, result)
    else
      this.#pending.push(
        result.then(
          (next) => this.#advance(row, next),
          (error) => this.#failStep(row, error),
        ),
      )
  }

  #advance(row: number, result: StepResult<unknown>): void {
    const { columns } = this
    this.#contract.checkStep(row, result)
    columns.rewards[row] = result.reward
    columns.episodeReturns[row]! += result.reward
    columns.episodeLengths[row]! += 1
    columns.terminated[row] = result.terminated ? 1 : 0
    columns.truncated[row] = result.truncated ? 1 : 0
    this.#readTask(row, result)
    const ended = result.terminated || result.truncated
    this.#contract.writeObservation(row, result.observation, columns.observations)
    if (this.#maskSize === 0) this.#contract.refuseMask(row, result)
    else if (!result.terminated || result.actionMask !== undefined)
      this.#contract.writeMask(row, result.actionMask, columns.actionMasks!, !ended)
    else this.#allLegal(row)
    if (!ended) return
    if (result.outcome !== undefined) columns.outcomes[row] = result.outcome
    this.#end(row)
  }

  #failStep(row: number, error: unknown): void {
    this.#refuse(row, 'step', error)
    this.columns.failed[row] = 1
    this.columns.truncated[row] = 1
    this.#end(row)
  }

  /** The row's episode is over: keeps its last observation, and resets it where the mode says so. */
  #end(row: number): void {
    const { columns } = this
    copyRow(columns.observations, row, columns.finalObservations, row)
    columns.finalTaskIds[row] = columns.taskIds[row]!
    if (this.#maskSize > 0) {
      const from = row * this.#maskSize
      columns.finalActionMasks!.set(columns.actionMasks!.subarray(from, from + this.#maskSize), from)
      // The action of a finished row is ignored, but a policy must be able to draw one.
      if (!this.#contract.hasLegal(columns.actionMasks!, row)) this.#allLegal(row)
    }
    this.#ended[row] = 1
    this.#waiting[row] = 1
    if (this.autoresetMode === 'SameStep') this.#resetRow(row, undefined, undefined)
  }

  #allLegal(row: number): void {
    this.columns.actionMasks!.fill(1, row * this.#maskSize, (row + 1) * this.#maskSize)
  }

  #readTask(row: number, { taskId }: Reports): void {
    if (taskId !== undefined) this.columns.taskIds[row] = taskId
  }

  // ------------------------------------------------------------------------------------------------ all rows

  /** Runs every row, then waits for those that answered with promises, and for what these began (a reset). */
  #eachRow(visit: (row: number) => void): MaybePromise<void> {
    try {
      for (let row = 0; row < this.numEnvs; row++) visit(row)
    } catch (error) {
      if (this.#pending.length === 0) throw error
      return this.#settle().then(() => {
        throw error
      })
    }
    if (this.#pending.length > 0) return this.#drain()
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#take()
      try {
        await Promise.all(batch)
      } catch (error) {
        this.#pending.push(...batch)
        await this.#settle()
        throw error
      }
    }
  }

  /** Waits for the rest after an error, so that no row is left running. */
  async #settle(): Promise<void> {
    while (this.#pending.length > 0) await Promise.allSettled(this.#take())
  }

  #take(): Promise<void>[] {
    const pending = this.#pending
    this.#pending = []
    return pending
  }

  // ------------------------------------------------------------------------------------------------ the rest

  /** @throws RepriseError RPR_ENV_UNSUPPORTED where an environment has no snapshot */
  snapshot(): Serializable {
    this.#needSnapshots()
    return {
      autoresetMode: this.autoresetMode,
      // Checked here: what is no plain data would be lost in the file without a word.
      envs: this.envs.map((env) => clonePlain(env.snapshot!(), `The snapshot of ${this.spec.id}`)),
      columns: saveVectorColumns(this.columns),
      started: this.#started.slice(),
      waiting: this.#waiting.slice(),
      ended: this.#ended.slice(),
      sawReset: this.#contract.sawReset,
      maskSize: this.#maskSize,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for a snapshot of another width, mode or other spaces */
  restore(snapshot: Serializable): void {
    this.#needSnapshots()
    const saved = snapshot as {
      autoresetMode: AutoresetMode
      envs: readonly Serializable[]
      columns: Serializable
      started: Uint8Array
      waiting: Uint8Array
      ended: Uint8Array
      sawReset: boolean
      maskSize: number
    }
    if (saved.envs?.length !== this.numEnvs || saved.autoresetMode !== this.autoresetMode)
      throw new RepriseError(
        'RPR_STATE_MISMATCH',
        `A snapshot of ${saved.envs?.length} rows in mode ${saved.autoresetMode} does not fit ${this.numEnvs} in ${this.autoresetMode}.`,
        { value: saved.envs?.length, hint: 'Make the environment as the one that the snapshot was taken from.' },
      )
    if (saved.maskSize > 0 && this.#maskSize === 0) this.#addMasks()
    loadVectorColumns(this.columns, saved.columns)
    this.envs.forEach((env, row) => {
      env.restore!(saved.envs[row]!)
    })
    this.#started.set(saved.started)
    this.#waiting.set(saved.waiting)
    this.#ended.set(saved.ended)
    this.#contract.sawReset = saved.sawReset
  }

  #needSnapshots(): void {
    if (this.canSnapshot) return
    throw new RepriseError('RPR_ENV_UNSUPPORTED', `${this.spec.id} has no snapshot and restore.`, {
      hint: 'Give the environment both, or describe it with defineEnv.',
    })
  }

  /** @throws RepriseError RPR_ENV_UNSUPPORTED where the environment has no text form, RPR_ENV_ORDER before reset */
  render(row: number): string {
    const env = this.envs[row]
    if (!env?.render)
      throw new RepriseError('RPR_ENV_UNSUPPORTED', `Row ${row} of ${this.spec.id} cannot be rendered.`, {
        value: row,
        hint: `Rows go from 0 to ${this.numEnvs - 1}, and the environment needs a render method.`,
      })
    if (!this.#started[row]) throw this.#notReset(row)
    return env.render()
  }

  close(): MaybePromise<void> {
    const closing = this.envs.map((env) => env.close?.()).filter((result) => result instanceof Promise)
    if (closing.length > 0) return Promise.all(closing).then(() => undefined)
  }

  #checkLength(name: string, given: ArrayLike<number>): void {
    if (given.length === this.numEnvs) return
    throw new RepriseError('RPR_SHAPE', `${name} has ${given.length} entries for ${this.numEnvs} environments.`, {
      value: given.length,
      hint: 'Give one per environment.',
    })
  }

  #notReset(row: number): RepriseError {
    return new RepriseError('RPR_ENV_ORDER', `${this.spec.id}: row ${row} was stepped or rendered before reset.`, {
      value: row,
      hint: 'Call reset() on every row first.',
    })
  }
}

function failure(what: string, error: unknown): RepriseError {
  const thrown = error instanceof Error ? `${error.name}: ${error.message.replace(/\.$/, '')}` : String(error)
  return new RepriseError('RPR_ENV_FAILED', `${what} threw ${thrown}.`, {
    value: error,
    hint: 'Correct the environment; check-env finds many such faults.',
    cause: error,
  })
}

function checkEnvs(envs: readonly AnyEnv[]): AnyEnv {
  const first = envs[0]
  if (first === undefined)
    throw new RepriseError('RPR_ENV_CONTRACT', 'A vector environment needs one environment or more.')
  for (const [row, env] of envs.entries()) {
    for (const key of ['observationSpace', 'actionSpace'] as const) {
      if (spacesEqual(env[key], first[key])) continue
      throw new RepriseError(
        'RPR_ENV_CONTRACT',
        `${first.spec?.id}: row ${row} has ${key} ${env[key]}, row 0 ${first[key]}.`,
        {
          value: env[key],
          hint: 'All rows must have equal spaces.',
        },
      )
    }
  }
  return first
}
