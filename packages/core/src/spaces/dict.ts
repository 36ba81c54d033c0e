import type { Columns } from '../columns.ts'
import type { Element, Space, SpaceJson } from '../space.ts'
import { describe, invalid, notAnElement } from './base.ts'
import { CompositeSpace } from './composite.ts'

export type DictElement<S extends Readonly<Record<string, Space>>> = { [K in keyof S]: Element<S[K]> }

/** Objects with one element of each part. Its columns are those of the parts, `key/...`, in the order of the keys. */
export interface DictSpace<S extends Readonly<Record<string, Space>> = Readonly<Record<string, Space>>>
  extends Space<DictElement<S>> {
  readonly kind: 'Dict'
  readonly spaces: S
  sample(mask?: { readonly [K in keyof S]?: unknown }): DictElement<S>
}

/**
 * Named parts, as Gymnasium's Dict: keys are sorted, whatever order they are given in.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function dict<S extends Readonly<Record<string, Space>>>(spaces: S): DictSpace<S> {
  return new Dict(spaces)
}

class Dict<S extends Readonly<Record<string, Space>>> extends CompositeSpace<DictElement<S>> implements DictSpace<S> {
  readonly kind = 'Dict'
  readonly spaces: S

  constructor(spaces: S) {
    if (typeof spaces !== 'object' || spaces === null)
      throw invalid(`dict(${describe(spaces)}) is not legal.`, spaces, 'Give an object of spaces.')
    const sorted = Object.entries(spaces).sort(([a], [b]) => (a < b ? -1 : 1))
    super(sorted)
    this.spaces = Object.fromEntries(sorted) as S
  }

  sample(mask?: { readonly [K in keyof S]?: unknown }): DictElement<S> {
    return this.#build((key, space) => space.sample(mask?.[key]))
  }

  contains(value: unknown): value is DictElement<S> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    if (Object.keys(value).length !== this.parts.length) return false
    return this.parts.every(
      ([key, space]) => Object.hasOwn(value, key) && space.contains((value as Record<string, unknown>)[key]),
    )
  }

  write(value: DictElement<S>, columns: Columns, row: number, first = 0): void {
    const keys = this.parts.map(([key]) => key).join(', ')
    if (typeof value !== 'object' || value === null)
      throw notAnElement(this, value, `it is an object with the keys ${keys}`)
    for (let i = 0; i < this.parts.length; i++) {
      const [key, space] = this.parts[i]!
      if (!Object.hasOwn(value, key)) throw notAnElement(this, value, `key '${key}' is missing`)
      space.write((value as Record<string, unknown>)[key], columns, row, first + this.offsets[i]!)
    }
  }

  read(columns: Columns, row: number, first = 0): DictElement<S> {
    return this.#build((_, space, i) => space.read(columns, row, first + this.offsets[i]!))
  }

  #build(part: (key: string, space: Space, i: number) => unknown): DictElement<S> {
    return Object.fromEntries(this.parts.map(([key, space], i) => [key, part(key, space, i)])) as DictElement<S>
  }

  toString(): string {
    return `Dict(${this.parts.map(([key, space]) => `${key}: ${space}`).join(', ')})`
  }

  toJSON(): SpaceJson {
    return { kind: this.kind, spaces: Object.fromEntries(this.parts.map(([key, space]) => [key, space.toJSON()])) }
  }
}
