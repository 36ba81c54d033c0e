import type { Columns } from './columns.ts'
import type { EnvOptions, EnvSpec } from './env.ts'
import type { Space } from './space.ts'
import type { MaybePromise, Serializable } from './types.ts'

/**
 * When a finished row starts again, as in Gymnasium:
 * - `SameStep`: within the step that ended the episode; `observations` holds the new first observation and
 *   `finalObservations` the last one. What training uses.
 * - `NextStep`: within the next step, which ignores the row's action, gives reward 0 and is flagged in `skipped`:
 *   such a row is neither trained on nor counted.
 * - `Disabled`: only by `reset({ mask })`. A finished row stands still: reward 0, flags and observation kept, and
 *   `skipped` set, so that the rest of the batch can go on.
 */
export type AutoresetMode = 'SameStep' | 'NextStep' | 'Disabled'

/**
 * Everything a vector step reads and writes: preallocated, environment-major, the same arrays for the whole life of
 * the vector environment. N = numEnvs.
 */
export interface VectorColumns {
  /** Written by the caller before `step`: one row per environment. */
  readonly actions: Columns
  /** [N, ...]: what the policy sees next. */
  readonly observations: Columns
  /** [N, ...]: the last observation of an episode; valid where `terminated` or `truncated` was set by this step. */
  readonly finalObservations: Columns
  /** [N] */
  readonly rewards: Float64Array
  /** [N] 0 or 1. */
  readonly terminated: Uint8Array
  /** [N] 0 or 1. */
  readonly truncated: Uint8Array
  /** [N] 1 where this step was no transition: NextStep's reset rows, Disabled's finished rows. */
  readonly skipped: Uint8Array
  /**
   * [N] 1 where the environment threw instead of stepping or resetting; the row counts as finished (truncated at its
   * last observation, reward 0) and is dropped. Disabled keeps the flag with the others until the row is reset.
   */
  readonly failed: Uint8Array
  /** [N] undiscounted return so far; on a row that ended in this step, that of the ended episode. */
  readonly episodeReturns: Float64Array
  /** [N] likewise, the number of steps. */
  readonly episodeLengths: Int32Array
  /** [N, A] 1 for each legal action of `observations`; only where the environment declares masks. */
  readonly actionMasks?: Uint8Array
  /** [N, A] likewise for `finalObservations`. */
  readonly finalActionMasks?: Uint8Array
  /** [N] success in [0, 1] on rows that ended in this step (Disabled: until their reset), else NaN. */
  readonly outcomes: Float64Array
  /** [N] stable id of the task that the row's current episode plays, NaN where the environment names none. */
  readonly taskIds: Float64Array
  /** [N] like `taskIds`, for the episode that ended in this step. */
  readonly finalTaskIds: Float64Array
}

export interface VectorResetOptions {
  /** One seed: row i gets seed + i. Or one per row (rows outside `mask` are not read). Absent: generators go on. */
  seeds?: number | ArrayLike<number>
  /** [N] 1 for each row to reset. Absent: all. */
  mask?: ArrayLike<number>
  options?: EnvOptions
}

/** N environments stepped together. Row i equals the single environment with seed + i. */
export interface VectorEnv {
  readonly spec: EnvSpec
  readonly numEnvs: number
  readonly singleObservationSpace: Space
  readonly singleActionSpace: Space
  readonly autoresetMode: AutoresetMode
  /** Legal actions per row, flat over sub-actions; 0 where no masks are declared, or not before the first reset. */
  readonly maskSize: number
  readonly columns: VectorColumns
  /** True where `snapshot` and `restore` work: a run on it resumes exactly. */
  readonly canSnapshot: boolean
  /** Writes first observations; clears the flags of the rows it resets. */
  reset(options?: VectorResetOptions): MaybePromise<void>
  /** Reads `columns.actions`, steps every row once, writes the other columns. */
  step(): MaybePromise<void>
  /** Everything that later steps depend on: rows' state, generators, step counts, the columns themselves. */
  snapshot(): Serializable
  restore(snapshot: Serializable): void
  /** Row `row` as text, where the environment can. */
  render(row: number): string
  close(): MaybePromise<void>
}
