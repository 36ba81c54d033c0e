import type { Space } from '../space.ts'
import { type AnySpace, asAnySpace, type BoxSpace, box } from './index.ts'

/**
 * How many numbers `flattenInto` makes of an element: Discrete and MultiDiscrete as one-hots, Dict and Tuple by parts.
 * @throws RepriseError RPR_SPACE_UNSUPPORTED for Text
 */
export function flatSize(space: Space): number {
  const any = asAnySpace(space)
  switch (any.kind) {
    case 'Discrete':
      return any.n
    case 'MultiDiscrete':
      return any.nvec.reduce((a, b) => a + b, 0)
    case 'Dict':
    case 'Tuple':
      return partsOf(any).reduce((size, [, part]) => size + flatSize(part), 0)
    default:
      return any.leaves[0]!.size
  }
}

/** A Box that holds the flat form of every element. */
export function flatSpace(space: Space): BoxSpace<'float32'> {
  const low = new Float64Array(flatSize(space))
  const high = new Float64Array(low.length).fill(1)
  let at = 0
  const collect = (part: Space): void => {
    const any = asAnySpace(part)
    if (any.kind === 'Dict' || any.kind === 'Tuple') {
      for (const [, inner] of partsOf(any)) collect(inner)
      return
    }
    if (any.kind === 'Box') {
      low.set(any.low, at)
      high.set(any.high, at)
    }
    at += flatSize(any)
  }
  collect(space)
  return box({ low, high })
}

/** Writes the flat form of `value` to `out` from `offset` on; gives the offset behind it. */
export function flattenInto(space: Space, value: unknown, out: Float32Array, offset = 0): number {
  const any = asAnySpace(space)
  switch (any.kind) {
    case 'Discrete':
      out.fill(0, offset, offset + any.n)
      out[offset + (value as number) - any.start] = 1
      return offset + any.n
    case 'MultiDiscrete': {
      let at = offset
      for (let i = 0; i < any.nvec.length; i++) {
        out.fill(0, at, at + any.nvec[i]!)
        out[at + (value as ArrayLike<number>)[i]!] = 1
        at += any.nvec[i]!
      }
      return at
    }
    case 'Dict':
    case 'Tuple': {
      let at = offset
      for (const [key, part] of partsOf(any)) at = flattenInto(part, (value as Record<string, unknown>)[key], out, at)
      return at
    }
    default: {
      const numbers = value as ArrayLike<number>
      for (let i = 0; i < numbers.length; i++) out[offset + i] = numbers[i]!
      return offset + numbers.length
    }
  }
}

function partsOf(space: AnySpace & { kind: 'Dict' | 'Tuple' }): [string, Space][] {
  return Object.entries(space.spaces)
}
