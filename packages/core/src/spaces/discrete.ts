import { type Columns, leaf } from '../columns.ts'
import type { Space, SpaceJson } from '../space.ts'
import { invalid, notAnElement, SpaceBase } from './base.ts'
import { type SampleMask, sampleIndex } from './masks.ts'

/** The integers start, start + 1, ... start + n - 1. One int32 column, the value as the user sees it. */
export interface DiscreteSpace extends Space<number> {
  readonly kind: 'Discrete'
  readonly n: number
  readonly start: number
  sample(mask?: SampleMask): number
}

/**
 * n integers from `start` (0). As Gymnasium's Discrete; `sample` takes a mask or `{ probability }`.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function discrete(n: number, options: { start?: number } = {}): DiscreteSpace {
  return new Discrete(n, options.start ?? 0)
}

class Discrete extends SpaceBase<number> implements DiscreteSpace {
  readonly kind = 'Discrete'
  readonly leaves = [leaf('', 'int32', [])]
  readonly n: number
  readonly start: number

  constructor(n: number, start: number) {
    super()
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31)
      throw invalid(`discrete(${n}) is not legal.`, n, 'n is an integer from 1 to 2^31.')
    if (!Number.isInteger(start) || start < -(2 ** 31) || start + n > 2 ** 31)
      throw invalid(`discrete(${n}, { start: ${start} }) is not legal.`, start, 'Its values must fit 32-bit integers.')
    this.n = n
    this.start = start
  }

  sample(mask?: SampleMask): number {
    return this.start + (mask === undefined ? this.rng.integers(this.n) : sampleIndex(this.rng, this.n, mask))
  }

  contains(value: unknown): value is number {
    return typeof value === 'number' && Number.isInteger(value) && value >= this.start && value < this.start + this.n
  }

  write(value: number, columns: Columns, row: number, first = 0): void {
    if (!this.contains(value))
      throw notAnElement(this, value, `it is an integer from ${this.start} to ${this.start + this.n - 1}`)
    columns[first]!.data[row] = value
  }

  read(columns: Columns, row: number, first = 0): number {
    return columns[first]!.data[row]!
  }

  toString(): string {
    return this.start === 0 ? `Discrete(${this.n})` : `Discrete(${this.n}, start=${this.start})`
  }

  toJSON(): SpaceJson {
    return { kind: this.kind, n: this.n, start: this.start }
  }
}
