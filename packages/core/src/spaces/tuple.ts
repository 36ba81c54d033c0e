import type { Columns } from '../columns.ts'
import type { Element, Space, SpaceJson } from '../space.ts'
import { describe, invalid, notAnElement } from './base.ts'
import { CompositeSpace } from './composite.ts'

export type TupleElement<S extends readonly Space[]> = { [K in keyof S]: Element<S[K]> }

/** Arrays with one element of each part. Its columns are those of the parts, `0/...`, `1/...`. */
export interface TupleSpace<S extends readonly Space[] = readonly Space[]> extends Space<TupleElement<S>> {
  readonly kind: 'Tuple'
  readonly spaces: S
  sample(mask?: readonly unknown[]): TupleElement<S>
}

/**
 * Parts by position, as Gymnasium's Tuple.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function tuple<const S extends readonly Space[]>(spaces: S): TupleSpace<S> {
  return new Tuple(spaces)
}

class Tuple<S extends readonly Space[]> extends CompositeSpace<TupleElement<S>> implements TupleSpace<S> {
  readonly kind = 'Tuple'
  readonly spaces: S

  constructor(spaces: S) {
    if (!Array.isArray(spaces))
      throw invalid(`tuple(${describe(spaces)}) is not legal.`, spaces, 'Give an array of spaces.')
    super(spaces.map((space, i) => [String(i), space]))
    this.spaces = spaces
  }

  sample(mask?: readonly unknown[]): TupleElement<S> {
    return this.parts.map(([, space], i) => space.sample(mask?.[i])) as unknown as TupleElement<S>
  }

  contains(value: unknown): value is TupleElement<S> {
    if (!Array.isArray(value) || value.length !== this.parts.length) return false
    return this.parts.every(([, space], i) => space.contains(value[i]))
  }

  write(value: TupleElement<S>, columns: Columns, row: number, first = 0): void {
    if (!Array.isArray(value) || value.length !== this.parts.length)
      throw notAnElement(this, value, `it is an array of ${this.parts.length} parts`)
    for (let i = 0; i < this.parts.length; i++)
      this.parts[i]![1].write(value[i], columns, row, first + this.offsets[i]!)
  }

  read(columns: Columns, row: number, first = 0): TupleElement<S> {
    return this.parts.map(([, space], i) =>
      space.read(columns, row, first + this.offsets[i]!),
    ) as unknown as TupleElement<S>
  }

  toString(): string {
    return `Tuple(${this.parts.map(([, space]) => String(space)).join(', ')})`
  }

  toJSON(): SpaceJson {
    return { kind: this.kind, spaces: this.parts.map(([, space]) => space.toJSON()) }
  }
}
