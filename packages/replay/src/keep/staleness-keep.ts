import { type Pcg64, RepriseError, type Serializable } from '@reprise/core'
import { capacityOf, checkOption, fit } from '../select/state.ts'
import { type Keep, type KeptItem, REFUSED } from './keep.ts'
import { addOnce, WrappedKeep } from './wrapped-keep.ts'

const ABSENT = -1

/** An item leaves when the policy is more than `maxLag` versions past the one that made it; so old ones are refused. */
export class StalenessKeep extends WrappedKeep {
  readonly #maxLag: number
  /** Per slot the version of its item, ABSENT where there is none. */
  readonly #versions: Float64Array
  #current = 0

  constructor(inner: Keep, capacitySlots: number, maxLag: number) {
    super(inner)
    checkOption('maxLag', maxLag, Number.isInteger(maxLag) && maxLag >= 0, 'an integer >= 0')
    this.#maxLag = maxLag
    this.#versions = new Float64Array(capacityOf(capacitySlots)).fill(ABSENT)
  }

  /** @throws RepriseError RPR_REPLAY_CONFIG for an item without a policy version */
  override check(item: KeptItem): void {
    const { policyVersion: version } = item
    if (!Number.isSafeInteger(version) || version! < 0)
      throw new RepriseError('RPR_REPLAY_CONFIG', `An item has the policy version ${version}.`, {
        value: version,
        hint: 'A limit on staleness needs the version of the policy that made it: an integer >= 0.',
      })
    super.check(item)
  }

  override place(item: KeptItem, full: boolean, rng: Pcg64): number {
    return item.policyVersion! < this.#current - this.#maxLag ? REFUSED : super.place(item, full, rng)
  }

  override stored(slot: number, item: KeptItem): void {
    this.#versions[slot] = item.policyVersion!
    super.stored(slot, item)
  }

  override removed(slot: number): void {
    this.#versions[slot] = ABSENT
    super.removed(slot)
  }

  override expired(version: number, out: Int32Array): number {
    this.#current = Math.max(this.#current, version)
    const oldest = this.#current - this.#maxLag
    let leaving = super.expired(version, out)
    const known = leaving
    for (let slot = 0; slot < this.#versions.length; slot++) {
      const own = this.#versions[slot]!
      if (own === ABSENT || own >= oldest) continue
      // Only what the rule within has named can be there already.
      if (known === 0) out[leaving++] = slot
      else leaving = addOnce(out, leaving, slot)
    }
    return leaving
  }

  state(): Serializable {
    return { kind: 'staleness', inner: this.inner.state(), versions: this.#versions.slice(), current: this.#current }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'staleness')
    const versions = fit.float64(saved, 'versions', this.#versions.length)
    const current = fit.integer(saved, 'current')
    this.inner.load(saved['inner'] ?? null)
    this.#versions.set(versions)
    this.#current = current
  }
}
