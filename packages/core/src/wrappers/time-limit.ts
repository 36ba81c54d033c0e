import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts'
import { RepriseError } from '../errors.ts'
import { andThen, type MaybePromise, type Serializable } from '../types.ts'
import { Wrapper } from './wrapper.ts'

/** Truncates an episode after `maxEpisodeSteps` steps; a step may so be terminated and truncated at once. */
export class TimeLimit<O, A> extends Wrapper<O, A> {
  readonly #limit: number
  #steps = 0

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(env: Env<O, A>, maxEpisodeSteps: number) {
    super(env, { spec: { ...env.spec, maxEpisodeSteps } })
    if (!Number.isSafeInteger(maxEpisodeSteps) || maxEpisodeSteps < 1)
      throw new RepriseError('RPR_OPTION_RANGE', `A time limit of ${maxEpisodeSteps} steps is not legal.`, {
        value: maxEpisodeSteps,
        hint: 'It is an integer >= 1.',
      })
    this.#limit = maxEpisodeSteps
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<O>> {
    this.#steps = 0
    return this.inner.reset(options)
  }

  step(action: A): MaybePromise<StepResult<O>> {
    return andThen(this.inner.step(action), (result) => {
      this.#steps++
      return this.#steps >= this.#limit ? { ...result, truncated: true } : result
    })
  }

  protected override save(): Serializable {
    return this.#steps
  }

  protected override load(own: Serializable): void {
    this.#steps = own as number
  }
}
