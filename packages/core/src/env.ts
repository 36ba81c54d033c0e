import type { Space } from './space.ts'
import type { MaybePromise, Serializable } from './types.ts'

export type EnvOptions = Readonly<Record<string, unknown>>

export interface ResetOptions {
  /** Reseeds the environment's generator. Absent: the generator goes on where it was. */
  seed?: number
  /** Options for this reset alone; an environment refuses names that it does not know. */
  options?: EnvOptions
}

/** What both reset and step may say beside the observation. All of it is optional. */
export interface Reports {
  /** 1 for each action that is legal now; flat, all sub-actions of a MultiDiscrete in order. */
  actionMask?: ArrayLike<number>
  /** A stable id of the task that this episode plays (seed + options). A safe integer. */
  taskId?: number
  info?: Readonly<Record<string, unknown>>
}

export interface ResetResult<O> extends Reports {
  observation: O
}

export interface StepResult<O> extends Reports {
  observation: O
  reward: number
  /** The task itself ended here: no value is bootstrapped beyond. */
  terminated: boolean
  /** The episode was cut off (a time limit): the value of the observation is bootstrapped. */
  truncated: boolean
  /** On the last step only: success in [0, 1], apart from reward. */
  outcome?: number
}

export type RenderMode = 'ansi'

/** What the registry knows of an environment id. */
export interface EnvSpec {
  /** `Name-v0`, optionally `namespace/Name-v0`. */
  readonly id: string
  /** Steps until TimeLimit truncates. Absent: no limit. */
  readonly maxEpisodeSteps?: number
  /** The mean return at which the task counts as solved, where its authors gave one. */
  readonly rewardThreshold?: number
  /** True where every reset and step reports an action mask. Absent: known from the first reset. */
  readonly actionMasks?: boolean
  /** False where equal seeds and actions do not give equal episodes. */
  readonly deterministic?: boolean
}

/**
 * One environment, after Gymnasium. `reset` and `step` may return a promise; it is awaited only where it is one.
 * The observation handed out belongs to the caller until the next call, or for ever if the environment makes a new one.
 */
export interface Env<O = unknown, A = unknown> {
  readonly observationSpace: Space<O>
  readonly actionSpace: Space<A>
  readonly spec: EnvSpec
  reset(options?: ResetOptions): MaybePromise<ResetResult<O>>
  step(action: A): MaybePromise<StepResult<O>>
  /** The current state as text. */
  render?(): string
  /** May be called twice. */
  close?(): MaybePromise<void>
  /** Everything that later steps depend on, the generator included. Present with `restore` or not at all. */
  snapshot?(): Serializable
  restore?(snapshot: Serializable): void
  /** The environment that a wrapper wraps. */
  readonly inner?: Env<unknown, unknown>
}

export type AnyEnv = Env<unknown, unknown>
