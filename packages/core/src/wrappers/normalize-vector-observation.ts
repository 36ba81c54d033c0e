import { allocateColumns } from '../columns.ts'
import { RunningMeanStd, type RunningStatistics } from '../running-mean-std.ts'
import type { Serializable } from '../types.ts'
import type { VectorEnv } from '../vector-env.ts'
import { floatBox, unbounded } from './float-box.ts'
import { VectorWrapper } from './vector-wrapper.ts'

export interface NormalizeVectorOptions {
  /** Added to the variance. Default 1e-8. */
  epsilon?: number
  /** Largest absolute value. Default 10. */
  clip?: number
}

/**
 * Observations minus their running mean, by their running standard deviation, clipped: VecNormalize of
 * Stable-Baselines3. The statistics take in every observation that a policy acts on, once, while `training`; final
 * observations are normalised alike and not counted. The same in all autoreset modes. Allocates nothing per step.
 */
export class NormalizeVectorObservation extends VectorWrapper {
  /** False freezes the statistics: for evaluation. */
  training = true
  readonly #statistics: RunningMeanStd
  readonly #epsilon: number
  readonly #clip: number
  /** [N] 1 for rows whose observation is not counted in this call. */
  readonly #uncounted: Uint8Array
  readonly #scale: Float64Array

  /** @throws RepriseError RPR_SPACE_UNSUPPORTED unless observations are a Box of floats */
  constructor(inner: VectorEnv, { epsilon = 1e-8, clip = 10 }: NormalizeVectorOptions = {}) {
    const space = floatBox(inner.singleObservationSpace, 'NormalizeVectorObservation')
    const own = {
      observations: allocateColumns(space.leaves, inner.numEnvs),
      finalObservations: allocateColumns(space.leaves, inner.numEnvs),
    }
    super(inner, own, unbounded(space))
    this.#statistics = new RunningMeanStd(space.low.length)
    this.#epsilon = epsilon
    this.#clip = clip
    this.#uncounted = new Uint8Array(inner.numEnvs)
    this.#scale = new Float64Array(space.low.length)
  }

  statistics(): RunningStatistics {
    return this.#statistics.save()
  }

  /**
   * Also from plain data of a checkpoint; what the columns hold now is normalised anew.
   * @throws RepriseError RPR_STATE_MISMATCH for another number of elements
   */
  setStatistics(saved: Serializable): void {
    this.load(saved)
  }

  protected afterReset(mask: ArrayLike<number> | undefined): void {
    const { failed } = this.inner.columns
    for (let row = 0; row < this.numEnvs; row++)
      this.#uncounted[row] = (mask !== undefined && !mask[row]) || failed[row] ? 1 : 0
    this.#update()
    this.#normalize('observations')
  }

  protected afterStep(): void {
    const { terminated, truncated, skipped, failed } = this.inner.columns
    for (let row = 0; row < this.numEnvs; row++) {
      const ended = terminated[row]! | truncated[row]!
      // Outside SameStep a row that ended still shows its last observation, which no policy acts on.
      if (this.autoresetMode === 'SameStep') this.#uncounted[row] = skipped[row]! & failed[row]!
      else this.#uncounted[row] = ended | failed[row]! | (this.autoresetMode === 'Disabled' ? skipped[row]! : 0)
    }
    this.#update()
    this.#normalize('observations')
    this.#normalize('finalObservations')
  }

  #update(): void {
    if (this.training) this.#statistics.update(this.inner.columns.observations[0]!.data, this.numEnvs, this.#uncounted)
  }

  #normalize(name: 'observations' | 'finalObservations'): void {
    const source = this.inner.columns[name][0]!.data
    const target = this.columns[name][0]!.data
    const { mean, variance, size } = this.#statistics
    const limit = this.#clip
    const scale = this.#scale
    for (let j = 0; j < size; j++) scale[j] = Math.sqrt(variance[j]! + this.#epsilon)
    for (let base = 0; base < source.length; base += size) {
      for (let j = 0; j < size; j++) {
        const value = (source[base + j]! - mean[j]!) / scale[j]!
        target[base + j] = Math.min(limit, Math.max(-limit, value))
      }
    }
  }

  protected save(): Serializable {
    return this.#statistics.save()
  }

  protected load(own: Serializable): void {
    this.#statistics.load(own)
    this.#normalize('observations')
    this.#normalize('finalObservations')
  }
}
