/** Checks of a saved replay before its parts take it in. */
import { RepriseError, type Serializable } from '@reprise/core'
import type { DrawnRows, View } from '../view/view.ts'

export interface SavedReplay {
  /** [slots] 1 for items that can be drawn. */
  readonly member: Uint8Array
  /** [streams] slot of the newest item, -1 where there is none. */
  readonly latest: Int32Array
  readonly counts: [number, number, number, number]
  readonly transforms: readonly Serializable[]
  /** The state itself: `store`, `draw`, `usage`, `rng`. */
  readonly parts: Readonly<Record<string, Serializable>>
}

/** @throws RPR_STATE_MISMATCH */
export function readSaved(state: Serializable, view: View<DrawnRows>, transformCount: number): SavedReplay {
  const { slots, streams } = view.store
  if (typeof state !== 'object' || state === null || Array.isArray(state) || ArrayBuffer.isView(state))
    throw stateMismatch('it is no record')
  const parts = state as Readonly<Record<string, Serializable>>
  const { items, member, latest, counts, transforms } = parts
  if (items !== view.items) throw stateMismatch(`its items are '${String(items)}', here they are '${view.items}'`)
  if (!(member instanceof Uint8Array) || member.length !== slots) throw stateMismatch(`it has no ${slots} member marks`)
  if (!(latest instanceof Int32Array) || latest.length !== streams)
    throw stateMismatch(`it does not name the newest items of ${streams} streams`)
  if (latest.some((slot) => slot < -1 || slot >= slots || (slot >= 0 && member[slot] !== 1)))
    throw stateMismatch('what it names as newest items are none')
  if (!Array.isArray(counts) || counts.length !== 4 || !counts.every((count) => Number.isSafeInteger(count)))
    throw stateMismatch('its counters are no four integers')
  if (!Array.isArray(transforms) || transforms.length !== transformCount)
    throw stateMismatch(`it is not of ${transformCount} transforms`)
  return { member, latest, counts: counts as [number, number, number, number], transforms, parts }
}

/** Every marked slot has to name an item of the store that has been loaded. @throws RPR_STATE_MISMATCH */
export function checkMembers(member: Uint8Array, view: View<DrawnRows>): void {
  for (let slot = 0; slot < member.length; slot++) {
    if (member[slot]! > 1 || (member[slot] === 1 && !view.eligible(slot)))
      throw stateMismatch(`slot ${slot} is marked as an item and is none`)
  }
}

/** @throws RPR_STATE_MISMATCH where the selector has more or fewer items than are marked */
export function checkSize(member: Uint8Array, size: number): void {
  let members = 0
  for (let slot = 0; slot < member.length; slot++) members += member[slot]!
  if (members !== size) throw stateMismatch(`${members} items are marked and the selector has ${size}`)
}

function stateMismatch(what: string): RepriseError {
  return new RepriseError('RPR_STATE_MISMATCH', `The saved replay does not fit: ${what}.`, {
    hint: 'Load it into a replay of the same configuration, spaces and number of streams.',
  })
}
