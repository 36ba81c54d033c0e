import type { Env, EnvOptions, EnvSpec } from './env.ts'
import type { OptionTable } from './options.ts'
import type { AutoresetMode, VectorEnv } from './vector-env.ts'

export const DEFINITION_BRAND = Symbol.for('reprise.env-definition')

export interface MakeOverrides {
  /** Time limit in place of the one of `spec`. */
  maxEpisodeSteps?: number
}

export interface VectorMakeOptions extends MakeOverrides {
  /** Default SameStep. */
  autoresetMode?: AutoresetMode
  /** Environment options (`--env-set`). */
  options?: EnvOptions
  /** `fail`: a throwing environment sets `failed` and ends its row. `throw` (default): the error goes to the caller. */
  onError?: 'throw' | 'fail'
}

/**
 * For environments whose observation is a Dict with the leaves `achieved_goal` and `desired_goal`, as in
 * Gymnasium-Robotics: pure functions of the two, which hindsight replay asks again with other goals.
 */
export interface GoalSpec {
  reward(achieved: ArrayLike<number>, desired: ArrayLike<number>): number
  /** Whether the episode ends there. */
  terminated(achieved: ArrayLike<number>, desired: ArrayLike<number>): boolean
}

/** How to make an environment: what environment packages export, what a user's file exports, what the registry holds. */
export interface EnvDefinition<O = unknown, A = unknown> {
  readonly [DEFINITION_BRAND]: true
  readonly spec: EnvSpec
  /** One line for `list envs`. */
  readonly summary?: string
  /** The options that `make` takes, with defaults and ranges. */
  readonly options: OptionTable
  /** Present where goals can be replaced in hindsight. */
  readonly goals?: GoalSpec
  /** Includes the time limit of `spec`, or that of `overrides`. @throws RPR_OPTION_* for bad options */
  make(options?: EnvOptions, overrides?: MakeOverrides): Env<O, A>
  /** A native batched form, where there is one; the registry makes one out of single environments elsewhere. */
  makeVector?(numEnvs: number, options?: VectorMakeOptions): VectorEnv
}

export type AnyEnvDefinition = EnvDefinition<unknown, unknown>

export function isEnvDefinition(value: unknown): value is AnyEnvDefinition {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[DEFINITION_BRAND] === true
}
