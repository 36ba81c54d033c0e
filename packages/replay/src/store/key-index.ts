import { createHash } from 'node:crypto'
import { RepriseError, type Serializable } from '@reprise/core'
import type { ItemKey } from './vector-step.ts'

/** Numbers that a key is kept as. */
const PARTS = 4
/** Stands for a part that a shorter key lacks: no part of an integer key, and none of a text. */
const ABSENT = -0.5

/**
 * The last `window` keys, in 40 to 48 bytes each. Integer keys are kept exactly; text as 208 bits of its SHA-256, in
 * negative numbers so that it never equals an integer key. A key that is older than the window is forgotten.
 */
export class KeyIndex {
  readonly window: number
  /** [rows, 4] keys in a ring, oldest overwritten first; grows up to the window. */
  #keys = new Float64Array(0)
  /** Open addressing: row + 1, 0 where empty. Twice the rows or more. */
  #table = new Int32Array(0)
  #count = 0
  #next = 0
  readonly #parts = new Float64Array(PARTS)

  constructor(window: number) {
    this.window = window
  }

  get size(): number {
    return this.#count
  }

  /** True where the key is new and now remembered; false where it is known. `checkKey` it first. */
  add(key: ItemKey): boolean {
    this.#read(key)
    if (this.#count === this.#rows && this.#rows < this.window) this.#grow()
    const parts = this.#parts
    const mask = this.#table.length - 1
    let at = hash(parts, 0) & mask
    for (; this.#table[at] !== 0; at = (at + 1) & mask) if (this.#equals(this.#table[at]! - 1)) return false
    const row = this.#next
    if (this.#count === this.#rows) {
      this.#forget(row)
      at = hash(parts, 0) & mask
      while (this.#table[at] !== 0) at = (at + 1) & mask
    } else this.#count++
    this.#keys.set(parts, row * PARTS)
    this.#table[at] = row + 1
    this.#next = row + 1 === this.#rows ? 0 : row + 1
    return true
  }

  get #rows(): number {
    return this.#keys.length / PARTS
  }

  #equals(row: number): boolean {
    const keys = this.#keys
    for (let i = 0; i < PARTS; i++) if (keys[row * PARTS + i] !== this.#parts[i]) return false
    return true
  }

  /** Grows only while nothing has been overwritten: rows 0 to count - 1 are then in order of arrival. */
  #grow(): void {
    const rows = Math.min(this.window, Math.max(256, 2 * this.#rows))
    const keys = new Float64Array(rows * PARTS)
    keys.set(this.#keys)
    this.#keys = keys
    this.#next = this.#count
    this.#rebuild()
  }

  #rebuild(): void {
    let size = 1
    while (size < 2 * this.#rows) size *= 2
    this.#table = new Int32Array(size)
    for (let row = 0; row < this.#count; row++) {
      let at = hash(this.#keys, row * PARTS) & (size - 1)
      while (this.#table[at] !== 0) at = (at + 1) & (size - 1)
      this.#table[at] = row + 1
    }
  }

  /** Removes a row from the table and closes the gap in its chain. */
  #forget(row: number): void {
    const table = this.#table
    const mask = table.length - 1
    let gap = hash(this.#keys, row * PARTS) & mask
    while (table[gap] !== row + 1) gap = (gap + 1) & mask
    table[gap] = 0
    for (let at = (gap + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = hash(this.#keys, (table[at]! - 1) * PARTS) & mask
      // The entry may move into the gap unless its home lies cyclically after the gap.
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        table[gap] = table[at]!
        table[at] = 0
        gap = at
      }
    }
  }

  #read(key: ItemKey): void {
    const parts = this.#parts
    if (typeof key === 'string') {
      const digest = createHash('sha256').update(key).digest()
      for (let i = 0; i < PARTS; i++) {
        parts[i] = -1 - (digest.readUInt32LE(8 * i) + (digest.readUInt32LE(8 * i + 4) & 0xfffff) * 2 ** 32)
      }
    } else for (let i = 0; i < PARTS; i++) parts[i] = i < key.length ? key[i]! : ABSENT
  }

  state(): Serializable {
    return { keys: this.#keys.slice(0, this.#count * PARTS), next: this.#next, rows: this.#rows }
  }

  /** @throws RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const { keys, next, rows } = (state ?? {}) as { keys: Float64Array; next: number; rows: number }
    const count = keys instanceof Float64Array ? keys.length / PARTS : -1
    const whole = Number.isInteger(count) && Number.isInteger(rows) && Number.isInteger(next)
    if (!whole || count < 0 || rows > this.window || count > rows || next < 0 || next > rows) {
      throw new RepriseError('RPR_STATE_MISMATCH', `The saved keys do not fit a window of ${this.window} keys.`, {
        hint: 'Load them into a replay of the same capacity.',
      })
    }
    this.#keys = new Float64Array(rows * PARTS)
    this.#keys.set(keys)
    this.#count = count
    this.#next = next
    this.#rebuild()
  }
}

/** @throws RPR_OPTION_RANGE for a key that is neither text nor one to four safe integers >= 0 */
export function checkKey(key: ItemKey): void {
  if (typeof key === 'string') return
  const legal = Array.isArray(key) && key.length >= 1 && key.length <= PARTS
  if (legal && key.every((part) => Number.isSafeInteger(part) && part >= 0)) return
  throw new RepriseError('RPR_OPTION_RANGE', `The key ${JSON.stringify(key)} is not legal.`, {
    value: key,
    hint: 'A key is text, or one to four safe integers >= 0 (run, actor, episode, chunk).',
  })
}

function hash(parts: Float64Array, at: number): number {
  let h = 0
  for (let i = 0; i < PARTS; i++) {
    const value = parts[at + i]!
    const low = value | 0
    const high = Math.floor(value / 2 ** 32) | 0
    h = Math.imul(h ^ low, 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13) ^ high, 0xc2b2ae35)
    h ^= h >>> 16
  }
  return h
}
