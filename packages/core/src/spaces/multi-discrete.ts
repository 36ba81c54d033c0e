import { type Columns, type LeafSpec, leaf } from '../columns.ts'
import type { Space, SpaceJson } from '../space.ts'
import { allBelow, invalid, isArrayLike, notAnElement, SpaceBase } from './base.ts'
import { type SampleMask, sampleIndex } from './masks.ts'

/** One mask per sub-action, or one flat mask over all of them in order (the form of action masks). */
export type MultiDiscreteMask = ArrayLike<number> | readonly SampleMask[]

/** Vectors of integers, element i in [0, nvec[i]). One int32 column of that length. */
export interface MultiDiscreteSpace extends Space<ArrayLike<number>> {
  readonly kind: 'MultiDiscrete'
  readonly nvec: readonly number[]
  sample(mask?: MultiDiscreteMask): Int32Array
  read(columns: Columns, row: number, first?: number): Int32Array
}

/**
 * Several Discrete choices at once. As Gymnasium's MultiDiscrete, sampled by floor(random() * nvec).
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function multiDiscrete(nvec: readonly number[]): MultiDiscreteSpace {
  return new MultiDiscrete(nvec)
}

class MultiDiscrete extends SpaceBase<ArrayLike<number>> implements MultiDiscreteSpace {
  readonly kind = 'MultiDiscrete'
  readonly leaves: readonly LeafSpec[]
  readonly nvec: readonly number[]

  constructor(nvec: readonly number[]) {
    super()
    if (!Array.isArray(nvec) || nvec.length === 0 || !nvec.every((n) => Number.isInteger(n) && n >= 1 && n <= 2 ** 31))
      throw invalid(`multiDiscrete([${nvec}]) is not legal.`, nvec, 'Give at least one integer from 1 to 2^31.')
    this.nvec = [...nvec]
    this.leaves = [leaf('', 'int32', [nvec.length])]
  }

  sample(mask?: MultiDiscreteMask): Int32Array {
    const { nvec, rng } = this
    if (mask === undefined) return Int32Array.from(nvec, (n) => Math.floor(rng.random() * n))
    const parts = typeof mask[0] === 'number' ? splitMask(mask as ArrayLike<number>, nvec) : (mask as SampleMask[])
    if (parts.length !== nvec.length)
      throw notAnElement(this, mask, `a sample mask has ${nvec.length} parts or ${sum(nvec)} elements`)
    return Int32Array.from(nvec, (n, i) => sampleIndex(rng, n, parts[i]!))
  }

  contains(value: unknown): value is ArrayLike<number> {
    return allBelow(value, this.nvec.length, (i) => this.nvec[i]!)
  }

  write(value: ArrayLike<number>, columns: Columns, row: number, first = 0): void {
    if (!this.contains(value))
      throw notAnElement(this, value, `it has ${this.nvec.length} integers, each below its own of [${this.nvec}]`)
    const { data, size } = columns[first]!
    for (let i = 0; i < size; i++) data[row * size + i] = value[i]!
  }

  read(columns: Columns, row: number, first = 0): Int32Array {
    const { data, size } = columns[first]!
    return Int32Array.from(data.subarray(row * size, (row + 1) * size))
  }

  toString(): string {
    return `MultiDiscrete([${this.nvec.join(', ')}])`
  }

  toJSON(): SpaceJson {
    return { kind: this.kind, nvec: this.nvec }
  }
}

/** A flat mask over all sub-actions as one part each. */
function splitMask(mask: ArrayLike<number>, nvec: readonly number[]): number[][] {
  if (!isArrayLike(mask) || mask.length !== sum(nvec)) return []
  let offset = 0
  return nvec.map((n) => Array.from({ length: n }, () => mask[offset++]!))
}

function sum(nvec: readonly number[]): number {
  return nvec.reduce((a, b) => a + b, 0)
}
