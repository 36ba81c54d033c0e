import type { Pcg64, Serializable } from '@reprise/core'
import { finiteScore } from '../select/min-score-selector.ts'
import { checkOption, fit } from '../select/state.ts'
import { type Keep, type KeptItem, REFUSED } from './keep.ts'
import { WrappedKeep } from './wrapped-keep.ts'

/** Only items whose score is above the threshold; refused ones are not counted as seen by the rule within. */
export class SuccessOnlyKeep extends WrappedKeep {
  readonly #threshold: number

  constructor(inner: Keep, threshold = 0) {
    super(inner)
    checkOption('threshold', threshold, Number.isFinite(threshold), 'a finite number')
    this.#threshold = threshold
  }

  /** @throws RepriseError RPR_REPLAY_SCORE for an item without a finite score */
  override check(item: KeptItem): void {
    finiteScore(undefined, item.score)
    super.check(item)
  }

  override place(item: KeptItem, full: boolean, rng: Pcg64): number {
    return item.score! > this.#threshold ? this.inner.place(item, full, rng) : REFUSED
  }

  state(): Serializable {
    return { kind: 'successOnly', inner: this.inner.state() }
  }

  load(state: Serializable): void {
    this.inner.load(fit.kind(state, 'successOnly')['inner'] ?? null)
  }
}
