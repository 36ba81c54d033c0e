import { RepriseError } from '../errors.ts'
import type { Space } from '../space.ts'
import { asAnySpace, type BoxSpace, box } from '../spaces/index.ts'

/**
 * The space as a Box of floats.
 * @throws RepriseError RPR_SPACE_UNSUPPORTED naming `who` asked
 */
export function floatBox(space: Space, who: string): BoxSpace<'float32' | 'float64'> {
  const any = asAnySpace(space)
  if (any.kind === 'Box' && any.dtype !== 'uint8' && any.dtype !== 'int32')
    return any as BoxSpace<'float32' | 'float64'>
  throw new RepriseError('RPR_SPACE_UNSUPPORTED', `${who} needs a Box of floats, not ${space}.`, {
    value: space,
    hint: 'Leave it out, or put FlattenObservation before it.',
  })
}

/** A Box of the same shape and dtype without bounds. */
export function unbounded<D extends 'float32' | 'float64'>(space: BoxSpace<D>): BoxSpace<D> {
  return box<D>({ low: -Infinity, high: Infinity, shape: space.shape, dtype: space.dtype })
}
