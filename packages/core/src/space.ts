import type { Columns, LeafSpec } from './columns.ts'

/** Marks spaces of any copy of this package: user files may resolve their own, so `instanceof` would lie. */
export const SPACE_BRAND = Symbol.for('reprise.space')

export type SpaceKind = 'Box' | 'Discrete' | 'MultiDiscrete' | 'MultiBinary' | 'Dict' | 'Tuple' | 'Text'

/**
 * A set of values, as in Gymnasium. `T` is the type of one element: a number for Discrete, an array-like of
 * numbers for Box, MultiDiscrete and MultiBinary, an object for Dict, a tuple for Tuple, a string for Text.
 */
export interface Space<T = unknown> {
  readonly [SPACE_BRAND]: true
  readonly kind: SpaceKind
  /** The fixed-size leaves; throws RPR_SPACE_UNSUPPORTED for a space without a fixed size (Text). */
  readonly leaves: readonly LeafSpec[]
  /** Draws one element from the space's own generator (apart from any environment's). `mask`: see each space. */
  sample(mask?: unknown): T
  contains(value: unknown): value is T
  /** Seeds the generator that `sample` draws from. Omitted: from the operating system. */
  seed(seed?: number): void
  /**
   * Writes one value into row `row` of columns made from `leaves`. `first`: index of the space's first column, 0.
   * @throws RepriseError RPR_SPACE_VALUE for a value that does not fit (a Box checks lengths and integers, not bounds)
   */
  write(value: T, columns: Columns, row: number, first?: number): void
  /** Reads row `row` as a fresh value. */
  read(columns: Columns, row: number, first?: number): T
  /** Short text such as `Box(-1, 1, [3], float32)`. */
  toString(): string
  /** Plain data that describes the space completely: equal data, equal spaces. */
  toJSON(): SpaceJson
}

export type SpaceJson = { readonly kind: SpaceKind } & { readonly [key: string]: unknown }

/** The element type of a space. */
export type Element<S> = S extends Space<infer T> ? T : never

export function isSpace(value: unknown): value is Space {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[SPACE_BRAND] === true
}
