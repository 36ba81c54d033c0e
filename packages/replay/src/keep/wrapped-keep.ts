import type { Pcg64, Serializable } from '@reprise/core'
import type { Keep, KeptItem } from './keep.ts'

/** A rule on top of another one: passes everything on. */
export abstract class WrappedKeep implements Keep {
  protected readonly inner: Keep

  constructor(inner: Keep) {
    this.inner = inner
  }

  check(item: KeptItem): void {
    this.inner.check?.(item)
  }

  place(item: KeptItem, full: boolean, rng: Pcg64): number {
    return this.inner.place(item, full, rng)
  }

  stored(slot: number, item: KeptItem): void {
    this.inner.stored(slot, item)
  }

  removed(slot: number): void {
    this.inner.removed(slot)
  }

  drawn(slots: Int32Array, count: number, out: Int32Array): number {
    return this.inner.drawn?.(slots, count, out) ?? 0
  }

  expired(version: number, out: Int32Array): number {
    return this.inner.expired?.(version, out) ?? 0
  }

  abstract state(): Serializable
  abstract load(state: Serializable): void
}

/** Adds `slot` to `out[0..count)` unless it is there. Returns the new count. */
export function addOnce(out: Int32Array, count: number, slot: number): number {
  for (let i = 0; i < count; i++) if (out[i] === slot) return count
  out[count] = slot
  return count + 1
}
