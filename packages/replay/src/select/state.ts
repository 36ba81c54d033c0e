import { RepriseError, type Serializable } from '@reprise/core'

/** @throws RepriseError RPR_OPTION_RANGE unless a positive 31-bit integer */
export function capacityOf(capacitySlots: number): number {
  if (Number.isInteger(capacitySlots) && capacitySlots >= 1 && capacitySlots < 2 ** 30) return capacitySlots
  throw new RepriseError('RPR_OPTION_RANGE', `capacitySlots = ${capacitySlots} is not legal.`, {
    value: capacitySlots,
    hint: 'It takes an integer from 1 to 2^30 - 1.',
  })
}

/** @throws RepriseError RPR_OPTION_RANGE, naming option, value and legal range, where `legal` is false */
export function checkOption(name: string, value: unknown, legal: boolean, range: string): void {
  if (legal) return
  throw new RepriseError('RPR_OPTION_RANGE', `Option '${name}' = ${String(value)} is not legal.`, {
    value,
    hint: `It takes ${range}.`,
  })
}

/** @throws RepriseError RPR_REPLAY_SCORE for NaN, infinities, negatives */
export function checkScore(slot: number, score: number): void {
  if (score >= 0 && score < Number.POSITIVE_INFINITY) return
  throw new RepriseError('RPR_REPLAY_SCORE', `The score ${score} of slot ${slot} is not legal.`, {
    value: score,
    hint: 'A score is a finite number >= 0: look for a loss that has diverged.',
  })
}

/** @throws RepriseError RPR_REPLAY_EMPTY */
export function refuseEmpty(size: number, count: number): never {
  throw new RepriseError('RPR_REPLAY_EMPTY', `${count} items were to be drawn and ${size} can be chosen from.`, {
    value: size,
    hint: size === 0 ? 'Store experience before drawing.' : 'Draw fewer, draw with replacement, or store more first.',
  })
}

const mismatch = (why: string) =>
  new RepriseError('RPR_STATE_MISMATCH', `Saved state of a replay part does not fit: ${why}.`, {
    hint: 'It was saved by a part of another kind or capacity.',
  })

/** Reads saved state, each with an RPR_STATE_MISMATCH for what does not fit. */
export const fit = {
  error: mismatch,

  record(state: Serializable): Readonly<Record<string, Serializable>> {
    if (typeof state !== 'object' || state === null || Array.isArray(state) || ArrayBuffer.isView(state))
      throw mismatch('it is no record')
    return state as Readonly<Record<string, Serializable>>
  },

  /** The record of a part that saves itself as `kind`. */
  kind(state: Serializable, kind: string): Readonly<Record<string, Serializable>> {
    const record = fit.record(state)
    if (record['kind'] !== kind) throw mismatch(`it is of kind '${String(record['kind'])}', not '${kind}'`)
    return record
  },

  number(record: Readonly<Record<string, Serializable>>, name: string): number {
    const value = record[name]
    if (typeof value !== 'number') throw mismatch(`'${name}' is no number`)
    return value
  },

  /** A count or place: an integer in [least, most]. */
  integer(record: Readonly<Record<string, Serializable>>, name: string, least = 0, most = 2 ** 53): number {
    const value = record[name]
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
      throw mismatch(`'${name}' is no integer in [${least}, ${most}]`)
    return value as number
  },

  int32(record: Readonly<Record<string, Serializable>>, name: string, length: number): Int32Array {
    const value = record[name]
    if (!(value instanceof Int32Array) || value.length !== length)
      throw mismatch(`'${name}' is no Int32Array of ${length}`)
    return value
  },

  uint32(record: Readonly<Record<string, Serializable>>, name: string, length: number): Uint32Array {
    const value = record[name]
    if (!(value instanceof Uint32Array) || value.length !== length)
      throw mismatch(`'${name}' is no Uint32Array of ${length}`)
    return value
  },

  float64(record: Readonly<Record<string, Serializable>>, name: string, length: number): Float64Array {
    const value = record[name]
    if (!(value instanceof Float64Array) || value.length !== length)
      throw mismatch(`'${name}' is no Float64Array of ${length}`)
    return value
  },

  /** Slot numbers below `capacity`, at most that many. */
  slots(value: Serializable | undefined, capacity: number): Int32Array {
    if (!(value instanceof Int32Array) || value.length > capacity)
      throw mismatch(`they are no slots of a part of ${capacity}`)
    for (let i = 0; i < value.length; i++)
      if (value[i]! < 0 || value[i]! >= capacity) throw mismatch(`slot ${value[i]} lies outside [0, ${capacity})`)
    return value
  },
}
