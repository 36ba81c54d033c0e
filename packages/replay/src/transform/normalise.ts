import { type Columns, type LeafSpec, type Pcg64, RepriseError, RunningMeanStd, type Serializable } from '@reprise/core'
import type { Batch } from '../batch.ts'
import type { DrawContext } from '../draw-context.ts'
import { checkOption, fit } from '../select/state.ts'
import type { Transform } from '../source.ts'

export interface NormaliseOptions {
  /** Leaves of the stored observations. Those of floats are normalised, the others left as they are. */
  readonly observation: readonly LeafSpec[]
  /** Largest absolute value of what comes out. Default 10. */
  readonly clip?: number
  /** Added to the variance. Default 1e-8. */
  readonly epsilon?: number
}

/**
 * Observations of drawn rows minus their running mean, by their running standard deviation. The replay keeps raw
 * observations, so that old rows are normalised by today's statistics. The statistics are those of what `observe` was
 * shown, every collected observation once: drawn rows do not count, or what is drawn often would count double.
 */
export class Normalise implements Transform {
  readonly #statistics: readonly (RunningMeanStd | undefined)[]
  readonly #clip: number
  readonly #epsilon: number

  /** @throws RepriseError RPR_REPLAY_CONFIG where no leaf is of floats, RPR_OPTION_RANGE */
  constructor({ observation, clip = 10, epsilon = 1e-8 }: NormaliseOptions) {
    checkOption('clip', clip, clip > 0, 'a number > 0')
    checkOption('epsilon', epsilon, epsilon > 0 && Number.isFinite(epsilon), 'a finite number > 0')
    if (!observation.some(isFloat))
      throw new RepriseError('RPR_REPLAY_CONFIG', 'No leaf of the observation is of floats: nothing to normalise.', {
        value: observation.map(({ path, dtype }) => `${path}: ${dtype}`),
        hint: 'Leave the transform out.',
      })
    this.#statistics = observation.map((leaf) => (isFloat(leaf) ? new RunningMeanStd(leaf.size) : undefined))
    this.#clip = clip
    this.#epsilon = epsilon
  }

  /** Takes collected observations into the statistics; `skip`: [rows] 1 for each row to leave out. */
  observe(columns: Columns, skip?: ArrayLike<number>): void {
    for (let c = 0; c < columns.length; c++) this.#statistics[c]?.update(columns[c]!.data, columns[c]!.rows, skip)
  }

  /** The same for observations that a policy is about to see: in place. */
  normalise(columns: Columns, rows: number): void {
    for (let c = 0; c < columns.length; c++) {
      const statistics = this.#statistics[c]
      if (statistics === undefined) continue
      const { mean, variance, size } = statistics
      const { data } = columns[c]!
      for (let j = 0; j < size; j++) {
        const center = mean[j]!
        const scale = 1 / Math.sqrt(variance[j]! + this.#epsilon)
        for (let at = j; at < rows * size; at += size)
          data[at] = Math.min(this.#clip, Math.max(-this.#clip, (data[at]! - center) * scale))
      }
    }
  }

  apply(batch: Batch, _rng: Pcg64, _context: DrawContext): void {
    this.normalise(batch.observation, batch.rows)
    this.normalise(batch.nextObservation, batch.rows)
  }

  state(): Serializable {
    return { statistics: this.#statistics.map((statistics) => statistics?.save() ?? null) }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)['statistics']
    if (!Array.isArray(saved) || saved.length !== this.#statistics.length)
      throw fit.error('it holds no statistics of as many leaves')
    for (const [i, statistics] of this.#statistics.entries()) statistics?.load(saved[i] as Serializable)
  }
}

function isFloat({ dtype }: LeafSpec): boolean {
  return dtype === 'float32' || dtype === 'float64'
}
