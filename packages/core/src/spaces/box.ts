import { allocate, type ColumnArrays, type Columns, type LeafSpec, leaf } from '../columns.ts'
import type { Space, SpaceJson } from '../space.ts'
import { checkShape, describe, invalid, isArrayLike, notAnElement, SpaceBase } from './base.ts'

export type BoxDtype = 'float32' | 'float64' | 'uint8' | 'int32'

/**
 * Arrays of numbers between bounds, flat and row-major. An element is any array-like of the right length: a number[]
 * as well as a typed array. One column of the space's dtype and shape.
 */
export interface BoxSpace<D extends BoxDtype = BoxDtype> extends Space<ArrayLike<number>> {
  readonly kind: 'Box'
  /** One bound per element, rounded to the dtype. */
  readonly low: Float64Array
  readonly high: Float64Array
  readonly shape: readonly number[]
  readonly dtype: D
  sample(): ColumnArrays[D]
  read(columns: Columns, row: number, first?: number): ColumnArrays[D]
}

export interface BoxOptions<D extends BoxDtype> {
  /** One number for all elements, or one per element. */
  low: number | ArrayLike<number>
  high: number | ArrayLike<number>
  /** Absent: the length of the bounds, [1] where both are single numbers. */
  shape?: readonly number[]
  /** Default float32. */
  dtype?: D
}

const limits = { uint8: [0, 255], int32: [-(2 ** 31), 2 ** 31 - 1] } as const

/**
 * A box in R^n, as Gymnasium's. Infinite bounds are legal for float dtypes. `sample`: uniform between finite bounds,
 * exponential from a single one, normal without any; like NumPy's draws where all bounds are finite.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function box<const D extends BoxDtype = 'float32'>(options: BoxOptions<D>): BoxSpace<D> {
  return new Box<D>(options)
}

class Box<D extends BoxDtype> extends SpaceBase<ArrayLike<number>> implements BoxSpace<D> {
  readonly kind = 'Box'
  readonly leaves: readonly LeafSpec[]
  readonly low: Float64Array
  readonly high: Float64Array
  readonly shape: readonly number[]
  readonly dtype: D
  readonly #size: number

  constructor({ low, high, shape, dtype = 'float32' as D }: BoxOptions<D>) {
    super()
    if (dtype !== 'float32' && dtype !== 'float64' && !(dtype in limits))
      throw invalid(`A Box of dtype '${dtype}' is not legal.`, dtype, 'Use float32, float64, uint8 or int32.')
    const length = typeof low === 'number' ? (typeof high === 'number' ? 1 : high.length) : low.length
    this.dtype = dtype
    this.shape = [...(shape ?? [length])]
    checkShape(this.shape)
    this.leaves = [leaf('', dtype, this.shape)]
    this.#size = this.leaves[0]!.size
    this.low = this.#bound('low', low)
    this.high = this.#bound('high', high)
    this.#checkBounds()
  }

  #bound(name: string, given: number | ArrayLike<number>): Float64Array {
    if (typeof given !== 'number' && given.length !== this.#size)
      throw invalid(
        `A Box of shape [${this.shape}] has ${given.length} numbers in '${name}'.`,
        given,
        `Give one number for all elements, or ${this.#size}.`,
      )
    const round = this.dtype === 'float32' ? Math.fround : (x: number) => x
    return Float64Array.from({ length: this.#size }, (_, i) => round(typeof given === 'number' ? given : given[i]!))
  }

  #checkBounds(): void {
    const range = this.dtype in limits ? limits[this.dtype as keyof typeof limits] : undefined
    for (let i = 0; i < this.#size; i++) {
      const low = this.low[i]!
      const high = this.high[i]!
      const at = `A Box with low ${low} and high ${high} at element ${i}`
      if (!(low <= high) || low === Number.POSITIVE_INFINITY || high === Number.NEGATIVE_INFINITY)
        throw invalid(`${at} holds nothing.`, [low, high], 'low must not exceed high, and neither may be NaN.')
      if (range && !(Number.isInteger(low) && Number.isInteger(high) && low >= range[0] && high <= range[1]))
        throw invalid(`${at} does not fit ${this.dtype}.`, [low, high], `Use integers from ${range[0]} to ${range[1]}.`)
    }
  }

  sample(): ColumnArrays[D] {
    const out = allocate(this.dtype, this.#size)
    const whole = this.dtype in limits
    // Gymnasium draws the unbounded elements first, then those bounded below, above, and on both sides.
    for (let group = 0; group < 4; group++) {
      for (let i = 0; i < this.#size; i++) {
        const low = this.low[i]!
        const high = whole ? this.high[i]! + 1 : this.high[i]!
        if ((low === Number.NEGATIVE_INFINITY ? 0 : 1) + (high === Number.POSITIVE_INFINITY ? 0 : 2) !== group) continue
        let value: number
        if (group === 0) value = this.rng.normal()
        else if (group === 1) value = low - Math.log(1 - this.rng.random())
        else if (group === 2) value = high + Math.log(1 - this.rng.random())
        else value = this.rng.uniform(low, high)
        out[i] = whole ? Math.floor(value) : value
      }
    }
    return out
  }

  contains(value: unknown): value is ArrayLike<number> {
    if (!isArrayLike(value) || value.length !== this.#size) return false
    const whole = this.dtype in limits
    const single = this.dtype === 'float32'
    for (let i = 0; i < this.#size; i++) {
      const given = value[i]
      if (typeof given !== 'number' || (whole && !Number.isInteger(given))) return false
      // A float32 Box judges what its column would hold: 0.1 lies in [0.1, 1].
      const x = single ? Math.fround(given) : given
      if (!(x >= this.low[i]! && x <= this.high[i]!)) return false
    }
    return true
  }

  write(value: ArrayLike<number>, columns: Columns, row: number, first = 0): void {
    if (value === null || typeof value !== 'object' || value.length !== this.#size)
      throw notAnElement(this, value, `it is an array of ${this.#size} numbers`)
    const { data } = columns[first]!
    const at = row * this.#size
    if (this.dtype in limits && value.constructor !== data.constructor) {
      const [low, high] = limits[this.dtype as keyof typeof limits]
      for (let i = 0; i < this.#size; i++) {
        const x = value[i]!
        if (!Number.isInteger(x) || x < low || x > high)
          throw notAnElement(this, value, `${describe(x)} at element ${i} does not fit ${this.dtype}`)
      }
    }
    for (let i = 0; i < this.#size; i++) data[at + i] = value[i]!
  }

  read(columns: Columns, row: number, first = 0): ColumnArrays[D] {
    const { data } = columns[first]!
    const out = allocate(this.dtype, this.#size)
    const at = row * this.#size
    for (let i = 0; i < this.#size; i++) out[i] = data[at + i]!
    return out
  }

  toString(): string {
    return `Box(${compact(this.low)}, ${compact(this.high)}, [${this.shape.join(', ')}], ${this.dtype})`
  }

  toJSON(): SpaceJson {
    return {
      kind: this.kind,
      low: jsonBound(this.low),
      high: jsonBound(this.high),
      shape: this.shape,
      dtype: this.dtype,
    }
  }
}

function uniform(bound: Float64Array): boolean {
  return bound.every((x) => x === bound[0])
}

function compact(bound: Float64Array): string {
  return uniform(bound) ? String(bound[0]) : describe(bound)
}

/** JSON has no infinities, so they go as text. */
function jsonBound(bound: Float64Array): unknown {
  const values = [...bound].map((x) => (Number.isFinite(x) ? x : String(x)))
  return uniform(bound) ? values[0] : values
}
