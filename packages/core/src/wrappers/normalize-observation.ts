import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts'
import { RunningMeanStd, type RunningStatistics } from '../running-mean-std.ts'
import { andThen, type MaybePromise, type Serializable } from '../types.ts'
import { floatBox, unbounded } from './float-box.ts'
import { Wrapper } from './wrapper.ts'

export interface NormalizeObservationOptions {
  /** Added to the variance. Default 1e-8. */
  epsilon?: number
  /** Largest absolute value. Default: none, as Gymnasium's. */
  clip?: number
}

/** Observations minus their running mean, by their running standard deviation, as Gymnasium's NormalizeObservation. */
export class NormalizeObservation<A> extends Wrapper<ArrayLike<number>, A> {
  /** False freezes the statistics: for evaluation. */
  training = true
  readonly #statistics: RunningMeanStd
  readonly #epsilon: number
  readonly #clip: number

  /** @throws RepriseError RPR_SPACE_UNSUPPORTED unless observations are a Box of floats */
  constructor(env: Env<ArrayLike<number>, A>, options: NormalizeObservationOptions = {}) {
    const space = floatBox(env.observationSpace, 'NormalizeObservation')
    super(env, { observationSpace: unbounded(space) })
    this.#statistics = new RunningMeanStd(space.low.length)
    this.#epsilon = options.epsilon ?? 1e-8
    this.#clip = options.clip ?? Infinity
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<ArrayLike<number>>> {
    return andThen(this.inner.reset(options), (result) => this.#normalize(result))
  }

  step(action: A): MaybePromise<StepResult<ArrayLike<number>>> {
    return andThen(this.inner.step(action), (result) => this.#normalize(result))
  }

  statistics(): RunningStatistics {
    return this.#statistics.save()
  }

  setStatistics(saved: Serializable): void {
    this.#statistics.load(saved)
  }

  #normalize<R extends { observation: ArrayLike<number> }>(result: R): R {
    const { mean, variance } = this.#statistics
    if (this.training) this.#statistics.update(result.observation, 1)
    const observation = Float32Array.from(result.observation, (x, i) =>
      clip((x - mean[i]!) / Math.sqrt(variance[i]! + this.#epsilon), this.#clip),
    )
    return { ...result, observation }
  }

  protected override save(): Serializable {
    return this.#statistics.save()
  }

  protected override load(own: Serializable): void {
    this.#statistics.load(own)
  }
}

/** `value` kept within [-limit, limit]. */
export function clip(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value))
}
