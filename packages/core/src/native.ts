/**
 * Native environments: dynamics written once over arrays of rows, usable as a single `Env` (one row) and as a batched
 * `VectorEnv` that allocates nothing per step. The engine around the dynamics owns everything that is not dynamics:
 * time limit, autoreset, episode statistics, final observations, seeds, order and action checks, snapshots.
 */
import type { Columns } from './columns.ts'
import {
  DEFINITION_BRAND,
  type EnvDefinition,
  type GoalSpec,
  type MakeOverrides,
  type VectorMakeOptions,
} from './definition.ts'
import type { EnvOptions, EnvSpec } from './env.ts'
import { RepriseError } from './errors.ts'
import { NativeInstance } from './native-instance.ts'
import { NativeEnv } from './native-single.ts'
import { NativeVectorEnv } from './native-vector.ts'
import { type OptionTable, type OptionValues, resolveOptions } from './options.ts'
import type { Pcg64 } from './random.ts'
import type { Space } from './space.ts'

export { checkVectorEnv, type VectorCheckOptions } from './native-check.ts'

/** Sizes and spaces, which may follow from the options. */
export interface NativeLayout<O, A> {
  readonly observationSpace: Space<O>
  readonly actionSpace: Space<A>
  /** Doubles per row that hold the complete state: whatever a later step or `render` reads. */
  readonly stateSize: number
}

/** The arrays that dynamics read and write; the same ones for the whole life of an instance. */
export interface NativeContext<V> {
  readonly rows: number
  readonly options: V
  /** [rows, stateSize] */
  readonly state: Float64Array
  /** Checked actions of the rows that are stepped: in the space, or for Box finite. */
  readonly actions: Columns
  readonly observations: Columns
  /** [rows, legal-action flags, flat over sub-actions]; empty unless the spec says `actionMasks`. */
  readonly actionMasks: Uint8Array
  /** [rows] */
  readonly rewards: Float64Array
  /** [rows] 0 or 1. */
  readonly terminated: Uint8Array
  /** [rows] 0 or 1: the engine's, to be read in `outcome`. */
  readonly truncated: Uint8Array
  /** One generator per row. Elements are replaced at a reseeding: index this array anew in each call. */
  readonly random: readonly Pcg64[]
}

/**
 * Dynamics of all rows of one instance. They keep no mutable state of their own outside `context.state` and
 * `context.random` (scratch space apart), so that a snapshot is complete.
 */
export interface NativeDynamics<R> {
  /** Draws a first state for `row` and writes its state, observation and mask. */
  reset(row: number, options: R): void
  /** Steps rows begin to end - 1: writes state, observation, mask, reward and `terminated` of each. */
  step(begin: number, end: number): void
  /** Success in [0, 1] of the episode that just ended in `row`, or NaN. Called before the row is reset. */
  outcome?(row: number): number
  /** Stable id of the task that `row` plays since its last reset, or NaN. */
  taskId?(row: number): number
  render(row: number): string
}

export interface NativeEnvSource<T extends OptionTable, R extends OptionTable, O, A> extends EnvSpec {
  /** One line for `list envs`. */
  readonly summary: string
  readonly options: T
  /** Where the observation is a Dict with `achieved_goal` and `desired_goal`. */
  readonly goals?: GoalSpec
  /** What `reset({ options })` takes. */
  readonly resetOptions?: R
  /** Checks that a table cannot express, e.g. low <= high. @throws RepriseError RPR_OPTION_* */
  checkOptions?(values: OptionValues<T>): void
  checkResetOptions?(values: OptionValues<R>): void
  /** The time limit, where it follows from the options; `maxEpisodeSteps` is then that of the defaults. */
  limit?(values: OptionValues<T>): number
  layout(options: OptionValues<T>): NativeLayout<O, A>
  create(context: NativeContext<OptionValues<T>>): NativeDynamics<OptionValues<R>>
}

/**
 * The definition of a native environment.
 * In the single form an action outside the space is refused (RPR_ENV_ACTION), and so is a step before the first reset or
 * after the end of an episode (RPR_ENV_ORDER). The batched form refuses illegal Discrete and MultiDiscrete actions and
 * Box actions that are not finite, before any row moves; finite Box actions beyond the bounds go to the dynamics.
 */
export function defineNativeEnv<T extends OptionTable, O, A, R extends OptionTable = Record<never, never>>(
  source: NativeEnvSource<T, R, O, A>,
): EnvDefinition<O, A> {
  const { id, summary, options: table } = source
  const instance = (rows: number, given: EnvOptions = {}, { maxEpisodeSteps }: MakeOverrides = {}) => {
    const { values } = resolveOptions(table, [{ source: 'api', values: given, label: `options of ${id}` }])
    source.checkOptions?.(values)
    if (maxEpisodeSteps !== undefined) checkPositive('maxEpisodeSteps', maxEpisodeSteps)
    const spec = specOf({
      ...source,
      maxEpisodeSteps: maxEpisodeSteps ?? source.limit?.(values) ?? source.maxEpisodeSteps,
    })
    return new NativeInstance(source, spec, values, rows)
  }
  return {
    [DEFINITION_BRAND]: true,
    spec: specOf(source),
    summary,
    options: table,
    ...(source.goals === undefined ? {} : { goals: source.goals }),
    make: (options, overrides) => new NativeEnv(instance(1, options, overrides)),
    makeVector: (numEnvs: number, options: VectorMakeOptions = {}) => {
      checkPositive('numEnvs', numEnvs)
      return new NativeVectorEnv(instance(numEnvs, options.options, options), options.autoresetMode ?? 'SameStep')
    },
  }
}

function specOf({ id, maxEpisodeSteps, rewardThreshold, actionMasks, deterministic = true }: EnvSpec): EnvSpec {
  return {
    id,
    ...(maxEpisodeSteps === undefined ? {} : { maxEpisodeSteps }),
    ...(rewardThreshold === undefined ? {} : { rewardThreshold }),
    ...(actionMasks ? { actionMasks } : {}),
    deterministic,
  }
}

function checkPositive(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new RepriseError('RPR_OPTION_RANGE', `${name} = ${value} is not legal.`, {
    value,
    hint: 'It takes an integer >= 1.',
  })
}
