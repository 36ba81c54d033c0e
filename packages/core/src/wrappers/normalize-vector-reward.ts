import { RunningMeanStd, type RunningStatistics } from '../running-mean-std.ts'
import type { Serializable } from '../types.ts'
import type { VectorEnv } from '../vector-env.ts'
import type { NormalizeVectorOptions } from './normalize-vector-observation.ts'
import { VectorWrapper } from './vector-wrapper.ts'

/** `returns`: [N] the discounted return of each row's episode so far. */
type Saved = { readonly statistics: RunningStatistics; readonly returns: Float64Array; readonly rewards: Float64Array }

/**
 * Rewards by the running standard deviation of the discounted return, clipped: VecNormalize of Stable-Baselines3. A
 * row's return starts anew with every episode, terminated or truncated. `episodeReturns` stay raw. Skipped and failed
 * rows are not counted. Allocates nothing per step.
 */
export class NormalizeVectorReward extends VectorWrapper {
  /** False freezes the statistics. */
  training = true
  readonly #statistics = new RunningMeanStd(1)
  readonly #returns: Float64Array
  readonly #uncounted: Uint8Array
  readonly #gamma: number
  readonly #epsilon: number
  readonly #clip: number

  /** `gamma`: discount of the running return, 0.99. */
  constructor(
    inner: VectorEnv,
    { gamma = 0.99, epsilon = 1e-8, clip = 10 }: NormalizeVectorOptions & { gamma?: number } = {},
  ) {
    super(inner, { rewards: new Float64Array(inner.numEnvs) })
    this.#returns = new Float64Array(inner.numEnvs)
    this.#uncounted = new Uint8Array(inner.numEnvs)
    this.#gamma = gamma
    this.#epsilon = epsilon
    this.#clip = clip
  }

  statistics(): RunningStatistics {
    return this.#statistics.save()
  }

  /** Also from plain data of a checkpoint. @throws RepriseError RPR_STATE_MISMATCH */
  setStatistics(saved: Serializable): void {
    this.#statistics.load(saved)
  }

  protected afterReset(mask: ArrayLike<number> | undefined): void {
    for (let row = 0; row < this.numEnvs; row++) {
      if (mask !== undefined && !mask[row]) continue
      this.#returns[row] = 0
      this.columns.rewards[row] = 0
    }
  }

  protected afterStep(): void {
    const { rewards: raw, terminated, truncated, skipped, failed } = this.inner.columns
    const returns = this.#returns
    for (let row = 0; row < this.numEnvs; row++) {
      this.#uncounted[row] = skipped[row]! | failed[row]!
      returns[row] = this.#uncounted[row] ? 0 : returns[row]! * this.#gamma + raw[row]!
    }
    if (this.training) this.#statistics.update(returns, this.numEnvs, this.#uncounted)
    const scale = Math.sqrt(this.#statistics.variance[0]! + this.#epsilon)
    const { rewards } = this.columns
    for (let row = 0; row < this.numEnvs; row++) {
      rewards[row] = Math.min(this.#clip, Math.max(-this.#clip, raw[row]! / scale))
      if (terminated[row] || truncated[row]) returns[row] = 0
    }
  }

  protected save(): Serializable {
    const saved: Saved = {
      statistics: this.#statistics.save(),
      returns: this.#returns.slice(),
      rewards: this.columns.rewards.slice(),
    }
    return saved
  }

  protected load(own: Serializable): void {
    const saved = own as unknown as Saved
    this.#statistics.load(saved.statistics)
    this.#returns.set(saved.returns)
    this.columns.rewards.set(saved.rewards)
  }
}
