import { RepriseError } from '../errors.ts'
import { isSpace, type Space, type SpaceJson } from '../space.ts'
import { type BoxDtype, type BoxSpace, box } from './box.ts'
import { type DictSpace, dict } from './dict.ts'
import { type DiscreteSpace, discrete } from './discrete.ts'
import { type MultiBinarySpace, multiBinary } from './multi-binary.ts'
import { type MultiDiscreteSpace, multiDiscrete } from './multi-discrete.ts'
import { type TextSpace, text } from './text.ts'
import { type TupleSpace, tuple } from './tuple.ts'

export { type BoxDtype, type BoxOptions, type BoxSpace, box } from './box.ts'
export { type DictElement, type DictSpace, dict } from './dict.ts'
export { type DiscreteSpace, discrete } from './discrete.ts'
export type { SampleMask } from './masks.ts'
export { type MultiBinaryMask, type MultiBinarySpace, multiBinary } from './multi-binary.ts'
export { type MultiDiscreteMask, type MultiDiscreteSpace, multiDiscrete } from './multi-discrete.ts'
export { type TextOptions, type TextSpace, text } from './text.ts'
export { type TupleElement, type TupleSpace, tuple } from './tuple.ts'

/** Every kind of space there is: narrows by `kind`. */
export type AnySpace =
  | BoxSpace
  | DiscreteSpace
  | MultiDiscreteSpace
  | MultiBinarySpace
  | DictSpace
  | TupleSpace
  | TextSpace

/**
 * The space as the union that narrows by `kind`.
 * @throws RepriseError RPR_SPACE_UNSUPPORTED for what is no space
 */
export function asAnySpace(space: Space): AnySpace {
  if (!isSpace(space))
    throw new RepriseError('RPR_SPACE_UNSUPPORTED', 'This is no space.', {
      value: space,
      hint: 'Spaces come from box(...), discrete(...) and their like.',
    })
  return space as AnySpace
}

/** Elements of a flat action mask: n for Discrete, the sum of nvec for MultiDiscrete, 0 for spaces without masks. */
export function maskSize(space: Space): number {
  const any = asAnySpace(space)
  if (any.kind === 'Discrete') return any.n
  return any.kind === 'MultiDiscrete' ? any.nvec.reduce((a, b) => a + b, 0) : 0
}

/** Whether two spaces hold the same elements. */
export function spacesEqual(a: Space, b: Space): boolean {
  return JSON.stringify(a.toJSON()) === JSON.stringify(b.toJSON())
}

/**
 * The space that `toJSON` described, also after a trip through JSON text.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function spaceFromJson(json: SpaceJson): AnySpace {
  const { kind } = json
  switch (kind) {
    case 'Box':
      return box({
        low: bound(json['low']),
        high: bound(json['high']),
        shape: json['shape'] as number[],
        dtype: json['dtype'] as BoxDtype,
      })
    case 'Discrete':
      return discrete(json['n'] as number, { start: json['start'] as number })
    case 'MultiDiscrete':
      return multiDiscrete(json['nvec'] as number[])
    case 'MultiBinary':
      return multiBinary(json['shape'] as number[])
    case 'Dict':
      return dict(
        Object.fromEntries(
          Object.entries(json['spaces'] as Record<string, SpaceJson>).map(([key, part]) => [key, spaceFromJson(part)]),
        ),
      )
    case 'Tuple':
      return tuple((json['spaces'] as SpaceJson[]).map(spaceFromJson))
    case 'Text':
      return text(json as unknown as { maxLength: number })
    default:
      throw new RepriseError('RPR_SPACE_INVALID', `'${kind}' is no kind of space.`, { value: json })
  }
}

function bound(value: unknown): number | number[] {
  return Array.isArray(value) ? value.map(Number) : Number(value)
}
