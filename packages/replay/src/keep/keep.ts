import type { Pcg64, Serializable } from '@reprise/core'
import type { ItemInfo, Picks } from '../selector.ts'

/** What a keep rule is told of an item that is offered. */
export interface KeptItem extends ItemInfo {
  /** Version of the policy that made it: an integer that only grows. */
  readonly policyVersion?: number
}

/** Answer of `place`: the item goes to a free slot. */
export const FREE = -1
/** Answer of `place`: the item is not stored. */
export const REFUSED = -2

/**
 * What is stored and what is given up for it. The store asks `place` once for each item that is offered, and tells of
 * everything that comes and goes. Rules that limit how long items stay (`drawn`, `expired`) wrap one that chooses
 * whom to give up.
 */
export interface Keep {
  /** Throws for an item that lacks what the rule reads, before anything has changed. */
  check?(item: KeptItem): void
  /** FREE, REFUSED, or the slot to give up for the item. `full`: no slot is free. */
  place(item: KeptItem, full: boolean, rng: Pcg64): number
  stored(slot: number, item: KeptItem): void
  removed(slot: number): void
  /** After a draw of `slots[0..count)`: those that must leave now into `out`, each once. Returns how many. */
  drawn?(slots: Int32Array, count: number, out: Int32Array): number
  /** The policy is at `version`: the slots that are too old for it into `out`. Returns how many. */
  expired?(version: number, out: Int32Array): number
  state(): Serializable
  load(state: Serializable): void
}

/** Room for the pick of a single slot. */
export function onePick(): Picks {
  return { slots: new Int32Array(1), probabilities: new Float64Array(1) }
}
