import type { Serializable } from '@reprise/core'
import { capacityOf, checkOption, fit } from '../select/state.ts'
import type { Keep, KeptItem } from './keep.ts'
import { addOnce, WrappedKeep } from './wrapped-keep.ts'

/**
 * An item leaves after its last allowed use, when the batch it served has been built. Each row of a batch is a use:
 * drawn with replacement, an item can pass the limit within its last batch.
 */
export class MaxUsesKeep extends WrappedKeep {
  readonly #maxUses: number
  readonly #uses: Int32Array

  constructor(inner: Keep, capacitySlots: number, maxUses: number) {
    super(inner)
    checkOption('maxUses', maxUses, Number.isInteger(maxUses) && maxUses >= 1, 'an integer >= 1')
    this.#maxUses = maxUses
    this.#uses = new Int32Array(capacityOf(capacitySlots))
  }

  override stored(slot: number, item: KeptItem): void {
    this.#uses[slot] = 0
    this.inner.stored(slot, item)
  }

  override drawn(slots: Int32Array, count: number, out: Int32Array): number {
    let leaving = super.drawn(slots, count, out)
    for (let k = 0; k < count; k++) {
      const slot = slots[k]!
      const uses = this.#uses[slot]! + 1
      this.#uses[slot] = uses
      if (uses >= this.#maxUses) leaving = addOnce(out, leaving, slot)
    }
    return leaving
  }

  state(): Serializable {
    return { kind: 'maxUses', inner: this.inner.state(), uses: this.#uses.slice() }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'maxUses')
    const uses = fit.int32(saved, 'uses', this.#uses.length)
    this.inner.load(saved['inner'] ?? null)
    this.#uses.set(uses)
  }
}
