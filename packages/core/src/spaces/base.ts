import type { Columns, LeafSpec } from '../columns.ts'
import { RepriseError } from '../errors.ts'
import { Pcg64, SeedSequence } from '../random.ts'
import { SPACE_BRAND, type Space, type SpaceJson, type SpaceKind } from '../space.ts'

/** What every space shares: the brand and a generator that is made when it is first needed. */
export abstract class SpaceBase<T> implements Space<T> {
  readonly [SPACE_BRAND] = true as const
  abstract readonly kind: SpaceKind
  abstract readonly leaves: readonly LeafSpec[]
  #rng: Pcg64 | undefined

  protected get rng(): Pcg64 {
    this.#rng ??= new Pcg64(SeedSequence.fromSystem())
    return this.#rng
  }

  seed(seed?: number): void {
    this.#rng = seed === undefined ? undefined : new Pcg64(seed)
  }

  abstract sample(mask?: unknown): T
  abstract contains(value: unknown): value is T
  abstract write(value: T, columns: Columns, row: number, first?: number): void
  abstract read(columns: Columns, row: number, first?: number): T
  abstract toString(): string
  abstract toJSON(): SpaceJson
}

export function invalid(message: string, value: unknown, hint: string): RepriseError {
  return new RepriseError('RPR_SPACE_INVALID', message, { value, hint })
}

export function notAnElement(space: Space, value: unknown, reason: string): RepriseError {
  return new RepriseError('RPR_SPACE_VALUE', `${describe(value)} is no element of ${space}: ${reason}.`, { value })
}

/** A short text for any value: what error messages print. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)
  if (isArrayLike(value)) {
    const shown = Array.from({ length: Math.min(6, value.length) }, (_, i) => describe(value[i]))
    return `[${shown.join(', ')}${value.length > 6 ? `, ... ${value.length} in all` : ''}]`
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value)
    return `{${keys.slice(0, 6).join(', ')}${keys.length > 6 ? ', ...' : ''}}`
  }
  return String(value)
}

export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { length?: unknown }).length === 'number'
}

/** Whether every element is an integer in [0, limit(i)). */
export function allBelow(value: unknown, length: number, limit: (i: number) => number): value is ArrayLike<number> {
  if (!isArrayLike(value) || value.length !== length) return false
  for (let i = 0; i < length; i++) {
    const x = value[i]
    if (typeof x !== 'number' || !Number.isInteger(x) || x < 0 || x >= limit(i)) return false
  }
  return true
}

/** @throws RepriseError RPR_SPACE_INVALID unless every dimension is a positive integer */
export function checkShape(shape: readonly number[]): void {
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n > 0))
    throw invalid(`A shape of [${shape}] is not legal.`, shape, 'Every dimension is an integer >= 1.')
}
