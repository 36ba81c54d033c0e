import type { Pcg64, Serializable } from '@reprise/core'
import { START } from '../draw-context.ts'
import { finiteScore, MinScoreSelector } from '../select/min-score-selector.ts'
import { fit } from '../select/state.ts'
import { FREE, type Keep, type KeptItem, onePick, REFUSED } from './keep.ts'

/** The best by score are kept. The one given up is the worst of all, the newcomer included: on a tie, the newcomer. */
export class KeepTop implements Keep {
  readonly #worst: MinScoreSelector
  readonly #pick = onePick()

  constructor(capacitySlots: number) {
    this.#worst = new MinScoreSelector(capacitySlots)
  }

  /** @throws RepriseError RPR_REPLAY_SCORE for an item without a finite score */
  check(item: KeptItem): void {
    finiteScore(undefined, item.score)
  }

  place(item: KeptItem, full: boolean, rng: Pcg64): number {
    const score = finiteScore(undefined, item.score)
    if (!full) return FREE
    this.#worst.pick(this.#pick, 1, rng, START)
    const worst = this.#pick.slots[0]!
    return score > this.#worst.score(worst) ? worst : REFUSED
  }

  stored(slot: number, item: KeptItem): void {
    this.#worst.insert(slot, item)
  }

  removed(slot: number): void {
    this.#worst.remove(slot)
  }

  state(): Serializable {
    return { kind: 'keepTop', worst: this.#worst.state() }
  }

  load(state: Serializable): void {
    this.#worst.load(fit.kind(state, 'keepTop')['worst'] ?? null)
  }
}
