import type { Serializable } from '@reprise/core'
import { checkOption, fit } from '../select/state.ts'
import { checkRatio, ReplayRatio } from './replay-ratio.ts'

export interface AdaptiveReplayRatioOptions {
  /** Updates per step at first. Default 0.5. */
  readonly low?: number
  /** Updates per step after the switch. Default 2. */
  readonly high?: number
  /** Change of the mean activity between checks that counts as none. Default 0.001. */
  readonly gap?: number
  /** Episodes between checks. Default 50. */
  readonly checkEvery?: number
}

/**
 * Adaptive replay ratio (Ma et al. 2023): low until the fraction of active units of the critic has settled, then high
 * for ever. Every `checkEvery` episodes the mean over the updates of the one episode before is compared with that of
 * the check before: the switch comes when they differ by no more than `gap`. The first check only sets the mark. An
 * episode without updates is no check.
 */
export class AdaptiveReplayRatio {
  readonly #pace: ReplayRatio
  readonly #high: number
  readonly #gap: number
  readonly #checkEvery: number
  #switched = false
  #episodes = 0
  #sum = 0
  #updates = 0
  #last: number | null = null

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor({ low = 0.5, high = 2, gap = 0.001, checkEvery = 50 }: AdaptiveReplayRatioOptions = {}) {
    checkRatio('low', low)
    checkRatio('high', high)
    checkOption('high', high, high >= low, `a number >= low, which is ${low}`)
    checkOption('gap', gap, gap >= 0 && gap < Number.POSITIVE_INFINITY, 'a finite number >= 0')
    checkOption('checkEvery', checkEvery, Number.isInteger(checkEvery) && checkEvery >= 1, 'an integer >= 1')
    this.#pace = new ReplayRatio(low)
    this.#high = high
    this.#gap = gap
    this.#checkEvery = checkEvery
  }

  /** Updates per step now. */
  get ratio(): number {
    return this.#pace.ratio
  }

  /** True once the ratio is high: it stays so. */
  get switched(): boolean {
    return this.#switched
  }

  /** Updates to make after `steps` more environment steps. */
  after(steps: number): number {
    return this.#pace.after(steps)
  }

  /** Fraction of active units, in [0, 1], in one update. */
  updated(activeUnits: number): void {
    this.#sum += activeUnits
    this.#updates++
  }

  /** An episode has ended. True where the ratio has just been switched. */
  episodeEnded(): boolean {
    this.#episodes++
    const mean = this.#updates > 0 ? this.#sum / this.#updates : null
    this.#sum = 0
    this.#updates = 0
    if (this.#episodes % this.#checkEvery !== 0 || mean === null) return false
    const settled = this.#last !== null && Math.abs(mean - this.#last) <= this.#gap
    this.#last = mean
    if (this.#switched || !settled) return false
    this.#switched = true
    this.#pace.ratio = this.#high
    return true
  }

  metrics(): Record<string, number> {
    return { replay_ratio: this.ratio, ...(this.#last === null ? {} : { active_units_checked: this.#last }) }
  }

  state(): Serializable {
    return {
      pace: this.#pace.state(),
      switched: this.#switched,
      episodes: this.#episodes,
      sum: this.#sum,
      updates: this.#updates,
      last: this.#last,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const episodes = fit.integer(saved, 'episodes')
    const sum = fit.number(saved, 'sum')
    const updates = fit.integer(saved, 'updates')
    const { last, switched } = saved
    if ((last !== null && typeof last !== 'number') || typeof switched !== 'boolean')
      throw fit.error('it has no mark or no switch')
    this.#pace.load(saved['pace'] ?? null)
    this.#episodes = episodes
    this.#sum = sum
    this.#updates = updates
    this.#last = last
    this.#switched = switched
  }
}
