import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts'
import { andThen, type MaybePromise, type Serializable } from '../types.ts'
import { Wrapper } from './wrapper.ts'

/** What `info.episode` holds on the last step. */
export interface EpisodeStatistics {
  /** Undiscounted return. */
  readonly r: number
  /** Steps. */
  readonly l: number
  /** Seconds since the episode's reset. */
  readonly t: number
}

/** Adds `info.episode = { r, l, t }` to the last step of every episode. */
export class RecordEpisodeStatistics<O, A> extends Wrapper<O, A> {
  #return = 0
  #length = 0
  #start = 0

  constructor(env: Env<O, A>) {
    super(env)
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<O>> {
    this.#return = 0
    this.#length = 0
    this.#start = performance.now()
    return this.inner.reset(options)
  }

  step(action: A): MaybePromise<StepResult<O>> {
    return andThen(this.inner.step(action), (result) => {
      this.#return += result.reward
      this.#length++
      if (!result.terminated && !result.truncated) return result
      const t = (performance.now() - this.#start) / 1000
      const episode: EpisodeStatistics = { r: this.#return, l: this.#length, t }
      return { ...result, info: { ...result.info, episode } }
    })
  }

  protected override save(): Serializable {
    return { return: this.#return, length: this.#length }
  }

  protected override load(own: Serializable): void {
    const saved = own as { return: number; length: number }
    this.#return = saved.return
    this.#length = saved.length
    this.#start = performance.now()
  }
}
