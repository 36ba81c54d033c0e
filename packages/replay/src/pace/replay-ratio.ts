import type { Serializable } from '@reprise/core'
import { checkOption, fit } from '../select/state.ts'

/** Four units in the last place: makes 0.57 x 100 reach 57, far below any step's share. */
const SLACK = 1 + 2 ** -50

/**
 * How many updates are due for the environment steps made: ratio updates per step, fractions carried over. Counts come
 * from the totals, so no rounding builds up: after n steps floor(n x ratio) updates have been asked for, exactly.
 */
export class ReplayRatio {
  #ratio: number
  /** Steps and updates at this ratio. */
  #steps = 0
  #updates = 0
  /** Fraction of an update left over from earlier ratios. */
  #carried = 0

  /** @throws RepriseError RPR_OPTION_RANGE */
  constructor(ratio: number) {
    this.#ratio = checkRatio('ratio', ratio)
  }

  get ratio(): number {
    return this.#ratio
  }

  /** Another ratio from now on; what is left of an update stays due. @throws RepriseError RPR_OPTION_RANGE */
  set ratio(ratio: number) {
    checkRatio('ratio', ratio)
    if (ratio === this.#ratio) return
    this.#carried += Math.max(0, this.#steps * this.#ratio - this.#updates)
    this.#steps = 0
    this.#updates = 0
    this.#ratio = ratio
  }

  /** Updates to make after `steps` more environment steps. */
  after(steps: number): number {
    this.#steps += steps
    const due = Math.floor((this.#carried + this.#steps * this.#ratio) * SLACK) - this.#updates
    this.#updates += due
    return due
  }

  state(): Serializable {
    return { ratio: this.#ratio, steps: this.#steps, updates: this.#updates, carried: this.#carried }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const ratio = fit.number(saved, 'ratio')
    const steps = fit.integer(saved, 'steps')
    const updates = fit.integer(saved, 'updates')
    this.#carried = fit.number(saved, 'carried')
    this.#ratio = ratio
    this.#steps = steps
    this.#updates = updates
  }
}

/** @throws RepriseError RPR_OPTION_RANGE */
export function checkRatio(name: string, ratio: number): number {
  checkOption(name, ratio, ratio > 0 && ratio < Number.POSITIVE_INFINITY, 'a finite number > 0: updates per step')
  return ratio
}
