import { RepriseError } from './errors.ts'
import type { Serializable } from './types.ts'

/** Mean and population variance per element, and how many samples they come from. */
export type RunningStatistics = {
  readonly mean: Float64Array
  readonly variance: Float64Array
  readonly count: number
}

/**
 * Running mean and variance of vectors, as Gymnasium's and Stable-Baselines3's: starts at mean 0, variance 1 with a
 * weight of `epsilon` samples, and merges batches by Chan's parallel form of Welford's method.
 */
export class RunningMeanStd {
  readonly size: number
  readonly mean: Float64Array
  readonly variance: Float64Array
  count: number
  readonly #batchMean: Float64Array
  readonly #squares: Float64Array

  constructor(size: number, epsilon = 1e-4) {
    this.size = size
    this.mean = new Float64Array(size)
    this.variance = new Float64Array(size).fill(1)
    this.count = epsilon
    this.#batchMean = new Float64Array(size)
    this.#squares = new Float64Array(size)
  }

  /**
   * Takes in `rows` rows of `size` elements, row-major in `data`; `skip`: [rows] 1 for each row to leave out.
   * Allocates nothing.
   */
  update(data: ArrayLike<number>, rows: number, skip?: ArrayLike<number>): void {
    let n = rows
    if (skip !== undefined) for (let r = 0; r < rows; r++) if (skip[r]) n--
    if (n === 0) return
    const { size, mean, variance, count } = this
    const batchMean = this.#batchMean.fill(0)
    const squares = this.#squares.fill(0)
    for (let r = 0, i = 0; r < rows; r++, i += size) {
      if (skip?.[r]) continue
      for (let j = 0; j < size; j++) batchMean[j]! += data[i + j]!
    }
    for (let j = 0; j < size; j++) batchMean[j]! /= n
    for (let r = 0, i = 0; r < rows; r++, i += size) {
      if (skip?.[r]) continue
      for (let j = 0; j < size; j++) {
        const deviation = data[i + j]! - batchMean[j]!
        squares[j]! += deviation * deviation
      }
    }
    const total = count + n
    for (let j = 0; j < size; j++) {
      const delta = batchMean[j]! - mean[j]!
      variance[j] = (variance[j]! * count + squares[j]! + (delta * delta * count * n) / total) / total
      mean[j]! += (delta * n) / total
    }
    this.count = total
  }

  /** A copy of the statistics: plain data. */
  save(): RunningStatistics {
    return { mean: this.mean.slice(), variance: this.variance.slice(), count: this.count }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for statistics of another size */
  load(saved: Serializable): void {
    const { mean, variance, count } = (saved ?? {}) as Partial<RunningStatistics>
    if (mean?.length !== this.size || variance?.length !== this.size || typeof count !== 'number')
      throw new RepriseError('RPR_STATE_MISMATCH', `Saved statistics do not fit ${this.size} elements.`, {
        value: saved,
        hint: 'They belong to a space of another size.',
      })
    this.mean.set(mean)
    this.variance.set(variance)
    this.count = count
  }
}
