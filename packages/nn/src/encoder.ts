/** From the columns of an observation space to the features that a network reads. */
import { type AnySpace, asAnySpace, type Columns, RepriseError, type Space } from '@reprise/core'

export interface Encoder {
  /** Features per row. */
  readonly size: number
  /** Writes the features of every row into `out`, [rows, size]; nothing is allocated. @throws RPR_SHAPE */
  encode(columns: Columns, out: Float32Array): void
}

/** How one leaf column becomes features. */
interface Part {
  readonly size: number
  write(data: ArrayLike<number>, rows: number, out: Float32Array, offset: number, stride: number): void
}

/**
 * Box is flattened (uint8 ones divided by 255), Discrete and MultiDiscrete are one-hot, MultiBinary is copied, Tuple
 * and Dict are their parts one after the other in the order of their columns.
 * @throws RepriseError RPR_SPACE_UNSUPPORTED for Text, by the path of the part
 */
export function encoderFor(space: Space): Encoder {
  const parts = partsOf(asAnySpace(space), '')
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  return {
    size,
    encode(columns, out) {
      const rows = columns[0]!.rows
      if (columns.length !== parts.length || out.length !== rows * size) {
        throw new RepriseError(
          'RPR_SHAPE',
          `The encoder of ${space} got ${columns.length} columns and room for ${out.length} features; it needs ${parts.length} and ${rows} x ${size}.`,
          { value: out.length, hint: 'Make the columns from the leaves of the same space.' },
        )
      }
      let offset = 0
      for (let i = 0; i < parts.length; i++) {
        parts[i]!.write(columns[i]!.data, rows, out, offset, size)
        offset += parts[i]!.size
      }
    },
  }
}

/** A list of elements in an encoded observation: a leaf [count, features]. */
export interface ElementList {
  /** Path of the leaf: `elements`; empty for an observation that is one list. */
  readonly path: string
  readonly count: number
  readonly features: number
  /** Where its first feature stands in the encoded row. */
  readonly offset: number
}

/** The two-dimensional leaves of a space, in the order of the encoded row. @throws RepriseError RPR_SPACE_UNSUPPORTED */
export function elementLists(space: Space): ElementList[] {
  const any = asAnySpace(space)
  const lists: ElementList[] = []
  let offset = 0
  for (const [i, { size }] of partsOf(any, '').entries()) {
    const { path, shape } = any.leaves[i]!
    if (shape.length === 2) lists.push({ path, count: shape[0]!, features: shape[1]!, offset })
    offset += size
  }
  return lists
}

function partsOf(space: AnySpace, path: string): Part[] {
  switch (space.kind) {
    case 'Box':
      return [copy(product(space.shape), space.dtype === 'uint8' ? 255 : 1)]
    case 'MultiBinary':
      return [copy(product(space.shape), 1)]
    case 'Discrete':
      return [oneHot([space.n], space.start)]
    case 'MultiDiscrete':
      return [oneHot(space.nvec, 0)]
    case 'Tuple':
      return space.spaces.flatMap((part, i) => partsOf(asAnySpace(part), `${path}/${i}`))
    case 'Dict':
      return Object.entries(space.spaces).flatMap(([key, part]) => partsOf(asAnySpace(part), `${path}/${key}`))
    case 'Text':
      throw new RepriseError(
        'RPR_SPACE_UNSUPPORTED',
        `A Text observation${path ? ` at '${path.slice(1)}'` : ''} has no encoding as numbers.`,
        { value: String(space), hint: 'Give the environment a Box, Discrete or other numeric observation instead.' },
      )
  }
}

function copy(size: number, divisor: number): Part {
  return {
    size,
    write(data, rows, out, offset, stride) {
      for (let row = 0; row < rows; row++) {
        const to = row * stride + offset
        for (let i = 0; i < size; i++) out[to + i] = data[row * size + i]! / divisor
      }
    },
  }
}

function oneHot(sizes: readonly number[], start: number): Part {
  const size = sizes.reduce((a, b) => a + b, 0)
  const count = sizes.length
  return {
    size,
    write(data, rows, out, offset, stride) {
      for (let row = 0; row < rows; row++) {
        let to = row * stride + offset
        out.fill(0, to, to + size)
        for (let i = 0; i < count; i++) {
          out[to + data[row * count + i]! - start] = 1
          to += sizes[i]!
        }
      }
    },
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}
