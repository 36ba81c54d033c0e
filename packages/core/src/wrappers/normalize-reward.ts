import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts'
import { RunningMeanStd, type RunningStatistics } from '../running-mean-std.ts'
import { andThen, type MaybePromise, type Serializable } from '../types.ts'
import { clip } from './normalize-observation.ts'
import { Wrapper } from './wrapper.ts'

export interface NormalizeRewardOptions {
  /** Discount of the running return. Default 0.99. */
  gamma?: number
  /** Added to the variance. Default 1e-8. */
  epsilon?: number
  /** Largest absolute value. Default: none, as Gymnasium's. */
  clip?: number
}

/**
 * Rewards by the running standard deviation of the discounted return, so that returns have a steady scale. The return
 * starts anew with every episode, whether the last was terminated or truncated. An episode's recorded statistics stay
 * raw if RecordEpisodeStatistics lies inside.
 */
export class NormalizeReward<O, A> extends Wrapper<O, A> {
  /** False freezes the statistics. */
  training = true
  readonly #statistics = new RunningMeanStd(1)
  readonly #return = new Float64Array(1)
  readonly #gamma: number
  readonly #epsilon: number
  readonly #clip: number

  constructor(env: Env<O, A>, options: NormalizeRewardOptions = {}) {
    super(env)
    this.#gamma = options.gamma ?? 0.99
    this.#epsilon = options.epsilon ?? 1e-8
    this.#clip = options.clip ?? Infinity
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<O>> {
    this.#return[0] = 0
    return this.inner.reset(options)
  }

  step(action: A): MaybePromise<StepResult<O>> {
    return andThen(this.inner.step(action), (result) => {
      this.#return[0] = this.#return[0]! * this.#gamma + result.reward
      if (this.training) this.#statistics.update(this.#return, 1)
      if (result.terminated || result.truncated) this.#return[0] = 0
      const reward = clip(result.reward / Math.sqrt(this.#statistics.variance[0]! + this.#epsilon), this.#clip)
      return { ...result, reward }
    })
  }

  statistics(): RunningStatistics {
    return this.#statistics.save()
  }

  setStatistics(saved: Serializable): void {
    this.#statistics.load(saved)
  }

  protected override save(): Serializable {
    return { statistics: this.#statistics.save(), return: this.#return[0]! }
  }

  protected override load(own: Serializable): void {
    const saved = own as { statistics: Serializable; return: number }
    this.#statistics.load(saved.statistics)
    this.#return[0] = saved.return
  }
}
