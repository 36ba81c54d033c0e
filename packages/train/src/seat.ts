/** The way of one observation to a policy and of its action back, through a run's wrappers and without its environment. */
import type { AnyEnv, Columns, EnvSpec, ResetResult, Space, StepResult } from '@reprise/core'

/** Where one observation goes in and one action comes out, both as the environment itself has them. */
export interface Seat {
  observe(observation: unknown): Columns
  action(write: (columns: Columns) => void): unknown
}

/** Stands where the environment would, under its wrappers: hands out the observation that it was given, keeps the action. */
export class StandIn implements AnyEnv {
  readonly observationSpace: Space
  readonly actionSpace: Space
  readonly spec: EnvSpec
  observation: unknown
  action: unknown

  constructor({ observationSpace, actionSpace, spec }: Pick<AnyEnv, 'observationSpace' | 'actionSpace' | 'spec'>) {
    this.observationSpace = observationSpace
    this.actionSpace = actionSpace
    this.spec = spec
  }

  reset(): ResetResult<unknown> {
    return { observation: this.observation }
  }

  step(action: unknown): StepResult<unknown> {
    this.action = action
    return { observation: this.observation, reward: 0, terminated: false, truncated: false }
  }
}
