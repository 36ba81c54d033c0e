import { type Columns, type LeafSpec, leaf } from '../columns.ts'
import type { Space, SpaceJson } from '../space.ts'
import { allBelow, checkShape, notAnElement, SpaceBase } from './base.ts'

/** 0 and 1 fix an element, 2 leaves it to chance; or how likely each element is to be 1. */
export type MultiBinaryMask = ArrayLike<number> | { readonly probability: ArrayLike<number> }

/** Arrays of zeros and ones, flat and row-major. One uint8 column of that shape. */
export interface MultiBinarySpace extends Space<ArrayLike<number>> {
  readonly kind: 'MultiBinary'
  readonly shape: readonly number[]
  sample(mask?: MultiBinaryMask): Uint8Array
  read(columns: Columns, row: number, first?: number): Uint8Array
}

/**
 * n bits, or an array of bits. As Gymnasium's MultiBinary.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function multiBinary(shape: number | readonly number[]): MultiBinarySpace {
  return new MultiBinary(typeof shape === 'number' ? [shape] : shape)
}

class MultiBinary extends SpaceBase<ArrayLike<number>> implements MultiBinarySpace {
  readonly kind = 'MultiBinary'
  readonly leaves: readonly LeafSpec[]
  readonly shape: readonly number[]
  readonly #size: number

  constructor(shape: readonly number[]) {
    super()
    checkShape(shape)
    this.shape = [...shape]
    this.leaves = [leaf('', 'uint8', this.shape)]
    this.#size = this.leaves[0]!.size
  }

  sample(mask?: MultiBinaryMask): Uint8Array {
    const out = new Uint8Array(this.#size)
    if (typeof mask === 'object' && mask !== null && 'probability' in mask) {
      this.#checkMask(mask.probability, (p) => p >= 0 && p <= 1)
      for (let i = 0; i < out.length; i++) out[i] = this.rng.random() <= mask.probability[i]! ? 1 : 0
      return out
    }
    if (mask !== undefined) this.#checkMask(mask, (m) => m === 0 || m === 1 || m === 2)
    // NumPy's 8-bit draws: the top bit of each byte of a 32-bit draw, low byte first.
    let word = 0
    for (let i = 0; i < out.length; i++) {
      word = i % 4 === 0 ? this.rng.integers(2 ** 32) : word >>> 8
      const bit = (word >>> 7) & 1
      out[i] = mask === undefined || mask[i] === 2 ? bit : mask[i]!
    }
    return out
  }

  #checkMask(mask: ArrayLike<number>, legal: (value: number) => boolean): void {
    let bad = mask.length !== this.#size
    for (let i = 0; i < mask.length; i++) bad ||= !legal(mask[i]!)
    if (bad) throw notAnElement(this, mask, `a sample mask has ${this.#size} elements of 0, 1 or 2, or probabilities`)
  }

  contains(value: unknown): value is ArrayLike<number> {
    return allBelow(value, this.#size, () => 2)
  }

  write(value: ArrayLike<number>, columns: Columns, row: number, first = 0): void {
    if (!this.contains(value)) throw notAnElement(this, value, `it has ${this.#size} elements, each 0 or 1`)
    const { data, size } = columns[first]!
    for (let i = 0; i < size; i++) data[row * size + i] = value[i]!
  }

  read(columns: Columns, row: number, first = 0): Uint8Array {
    const { data, size } = columns[first]!
    return Uint8Array.from(data.subarray(row * size, (row + 1) * size))
  }

  toString(): string {
    return `MultiBinary([${this.shape.join(', ')}])`
  }

  toJSON(): SpaceJson {
    return { kind: this.kind, shape: this.shape }
  }
}
