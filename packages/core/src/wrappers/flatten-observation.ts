import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts'
import type { Space } from '../space.ts'
import { flatSize, flatSpace, flattenInto } from '../spaces/flatten.ts'
import { andThen, type MaybePromise } from '../types.ts'
import { Wrapper } from './wrapper.ts'

/** Observations of any space with a fixed size as one flat Float32Array; Discrete parts become one-hots. */
export class FlattenObservation<O, A> extends Wrapper<ArrayLike<number>, A, O, A> {
  readonly #space: Space<O>
  readonly #size: number

  /** @throws RepriseError RPR_SPACE_UNSUPPORTED for a space with text in it */
  constructor(env: Env<O, A>) {
    super(env, { observationSpace: flatSpace(env.observationSpace) })
    this.#space = env.observationSpace
    this.#size = flatSize(env.observationSpace)
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<ArrayLike<number>>> {
    return andThen(this.inner.reset(options), (result) => this.#flatten(result))
  }

  step(action: A): MaybePromise<StepResult<ArrayLike<number>>> {
    return andThen(this.inner.step(action), (result) => this.#flatten(result))
  }

  #flatten<R extends { observation: O }>(result: R): Omit<R, 'observation'> & { observation: Float32Array } {
    const observation = new Float32Array(this.#size)
    flattenInto(this.#space, result.observation, observation)
    return { ...result, observation }
  }
}
