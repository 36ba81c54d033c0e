import type { LeafSpec } from '../columns.ts'
import { isSpace, type Space } from '../space.ts'
import { invalid, SpaceBase } from './base.ts'

/** Gymnasium seeds the parts of a composite space with draws below this number. */
const SEED_LIMIT = 2 ** 31 - 1

/** What Dict and Tuple share: named parts whose leaves lie one after the other in the columns. */
export abstract class CompositeSpace<T> extends SpaceBase<T> {
  protected readonly parts: readonly (readonly [key: string, space: Space])[]
  #leaves: readonly LeafSpec[] | undefined
  #offsets: readonly number[] | undefined

  constructor(parts: readonly (readonly [key: string, space: Space])[]) {
    super()
    if (parts.length === 0) throw invalid('A composite space without parts is not legal.', parts, 'Give one or more.')
    for (const [key, space] of parts) {
      if (!isSpace(space))
        throw invalid(`Part '${key}' is no space.`, space, 'Give box(...), discrete(...) or another.')
      if (key === '' || key.includes('/'))
        throw invalid(`A part named '${key}' is not legal.`, key, "Names are not empty and hold no '/'.")
    }
    this.parts = parts
  }

  /** Made when first asked for: a part of text has none, but can still be sampled. */
  get leaves(): readonly LeafSpec[] {
    this.#leaves ??= this.parts.flatMap(([key, space]) =>
      space.leaves.map((leaf) => ({ ...leaf, path: leaf.path === '' ? key : `${key}/${leaf.path}` })),
    )
    return this.#leaves
  }

  /** Index of each part's first column. */
  protected get offsets(): readonly number[] {
    if (this.#offsets === undefined) {
      let next = 0
      this.#offsets = this.parts.map(([, space]) => {
        const first = next
        next += space.leaves.length
        return first
      })
    }
    return this.#offsets
  }

  /** Seeds every part from this space's own generator, as Gymnasium does. */
  override seed(seed?: number): void {
    super.seed(seed)
    for (const [, space] of this.parts) space.seed(seed === undefined ? undefined : this.rng.integers(SEED_LIMIT))
  }
}
