import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { allocateColumns } from '../columns.ts'
import { type Element, isSpace, type Space } from '../space.ts'
import {
  asAnySpace,
  box,
  dict,
  discrete,
  maskSize,
  multiBinary,
  multiDiscrete,
  spaceFromJson,
  spacesEqual,
  text,
  tuple,
} from './index.ts'

const draws = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw)
const seeded = <S extends Space>(space: S, seed: number): S => {
  space.seed(seed)
  return space
}

const everyKind = (): Space[] => [
  box({ low: [-1, Number.NEGATIVE_INFINITY, 0], high: [1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] }),
  box({ low: 0, high: 255, shape: [4, 3, 2], dtype: 'uint8' }),
  box({ low: -5, high: [1, 2], dtype: 'int32' }),
  box({ low: 0.1, high: 0.7, dtype: 'float64' }),
  discrete(6),
  discrete(3, { start: -1 }),
  multiDiscrete([2, 5, 1]),
  multiBinary([2, 3]),
  dict({ pose: tuple([discrete(4), box({ low: [0, 0], high: [1, 2] })]), camera: multiBinary(3) }),
]

// Gymnasium 1.4.0 on NumPy 2.4.6: space.seed(s), then samples.
describe('samples equal Gymnasium', () => {
  it('Discrete: plain, by mask, by probability', () => {
    const space = seeded(discrete(5, { start: -2 }), 3)
    expect(draws(6, () => space.sample())).toEqual([2, -2, -2, -1, -2, 2])
    expect(draws(5, () => space.sample([0, 1, 0, 1, 1]))).toEqual([2, 1, -1, -1, -1])
    expect(draws(5, () => space.sample({ probability: [0.1, 0.2, 0, 0.3, 0.4] }))).toEqual([1, -1, 2, -1, 1])
    expect(space.sample([0, 0, 0, 0, 0])).toBe(-2)
  })

  it('MultiDiscrete: plain, by mask per sub-action or flat', () => {
    const space = seeded(multiDiscrete([3, 5, 2]), 4)
    expect(draws(3, () => [...space.sample()])).toEqual([
      [2, 2, 1],
      [0, 3, 0],
      [2, 0, 1],
    ])
    const flat = [1, 0, 1, 0, 0, 0, 0, 1, 0, 0]
    const twin = seeded(multiDiscrete([3, 5, 2]), 4)
    draws(3, () => twin.sample())
    expect([...twin.sample(Uint8Array.from(flat))]).toEqual([0, 4, 0])
    expect([...space.sample([flat.slice(0, 3), flat.slice(3, 8), flat.slice(8)])]).toEqual([0, 4, 0])
    expect([...space.sample()]).toEqual([2, 2, 0])
  })

  it('MultiBinary: plain, by mask, by probability', () => {
    const space = seeded(multiBinary(7), 5)
    expect(draws(3, () => [...space.sample()])).toEqual([
      [1, 1, 1, 1, 1, 1, 0],
      [1, 1, 1, 0, 0, 0, 1],
      [1, 1, 0, 0, 0, 0, 1],
    ])
    expect([...space.sample([0, 1, 2, 2, 0, 1, 2])]).toEqual([0, 1, 0, 1, 0, 1, 0])
    expect([...space.sample({ probability: [0, 1, 0.5, 0.5, 0.5, 0.9, 0.1] })]).toEqual([0, 1, 1, 1, 1, 0, 0])
  })

  it('bounded Box', () => {
    const space = seeded(box({ low: [-1, 0, 5], high: [1, 10, 5.5] }), 6)
    expect(draws(2, () => [...space.sample()])).toEqual([
      [0.07632870227098465, 3.432708740234375, 5.184533596038818],
      [-0.25100645422935486, 9.874449729919434, 5.316378116607666],
    ])
    const image = seeded(box({ low: 0, high: 255, shape: [2, 2], dtype: 'uint8' }), 6)
    expect(draws(2, () => [...image.sample()])).toEqual([
      [137, 87, 94, 95],
      [252, 161, 172, 84],
    ])
  })

  it('Dict and Tuple: sub-seeds from the parent, keys sorted', () => {
    const space = dict({
      b: discrete(100),
      a: box({ low: -1, high: 1, shape: [2], dtype: 'float64' }),
      c: tuple([discrete(1000), multiDiscrete([9, 9])]),
    })
    space.seed(7)
    expect(space.sample()).toEqual({
      a: Float64Array.of(-0.4791251982358822, 0.48761882540854984),
      b: 94,
      c: [315, Int32Array.of(7, 4)],
    })
    expect(Object.keys(space.spaces)).toEqual(['a', 'b', 'c'])
  })
})

describe.each(everyKind().map((space) => [String(space), space] as const))('%s', (_, space) => {
  it('contains its samples, which survive write and read in any row', () => {
    space.seed(1)
    const columns = allocateColumns(space.leaves, 3)
    for (let i = 0; i < 200; i++) {
      const value = space.sample()
      expect(space.contains(value)).toBe(true)
      space.write(value, columns, i % 3)
      expect(space.read(columns, i % 3)).toEqual(value)
    }
  })

  it('is reproduced by its JSON text and by its seed', () => {
    const copy = spaceFromJson(JSON.parse(JSON.stringify(space)))
    expect(spacesEqual(space, copy)).toBe(true)
    expect(String(copy)).toBe(String(space))
    space.seed(9)
    copy.seed(9)
    expect(draws(5, () => copy.sample())).toEqual(draws(5, () => space.sample()))
  })

  it('does not contain what is foreign to it', () => {
    for (const value of [undefined, null, 'x', {}, [], Number.NaN, [Number.NaN], 1e9, new Float32Array(99)])
      expect(space.contains(value)).toBe(false)
    expect(isSpace(space)).toBe(true)
  })
})

describe('contains', () => {
  it('Box: bounds, NaN, length, integers, plain and typed arrays', () => {
    const space = box({ low: [0.1, -1], high: [0.7, 1] })
    expect(space.contains([0.1, 0])).toBe(true)
    expect(space.contains(Float32Array.of(0.7, 1))).toBe(true)
    for (const value of [[0.09, 0], [0.2, Number.NaN], [0.2], [0.2, 0, 0], ['0.2', 0], 0.2])
      expect(space.contains(value)).toBe(false)
    expect(box({ low: 0, high: 9, dtype: 'uint8' }).contains([1.5])).toBe(false)
    expect(box({ low: 0, high: 9, dtype: 'uint8' }).contains([10])).toBe(false)
  })

  it('Discrete: integers within start and n', () => {
    const space = discrete(3, { start: 5 })
    expect([4, 5, 7, 8, 5.5, '5'].map((value) => space.contains(value))).toEqual([
      false,
      true,
      true,
      ...Array(3).fill(false),
    ])
  })

  it('Dict and Tuple: exactly the parts', () => {
    const space = dict({ a: discrete(2), b: tuple([discrete(2), text({ maxLength: 3 })]) })
    expect(space.contains({ a: 1, b: [0, 'abc'] })).toBe(true)
    expect(space.contains({ a: 1, b: [0, 'abcd'] })).toBe(false)
    expect(space.contains({ a: 1, b: [0] })).toBe(false)
    expect(space.contains({ a: 1 })).toBe(false)
    expect(space.contains({ a: 1, b: [0, 'abc'], c: 0 })).toBe(false)
  })

  it('Text: length in code points and the charset', () => {
    const space = text({ maxLength: 2, minLength: 1, charset: 'ab😀' })
    expect(['', 'a', '😀b', 'aab', 'c'].map((value) => space.contains(value))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
    space.seed(2)
    for (let i = 0; i < 50; i++) expect(space.contains(space.sample())).toBe(true)
    expect(() => space.leaves).toThrow(/no fixed size/)
    expect(spacesEqual(space, spaceFromJson(JSON.parse(JSON.stringify(space))))).toBe(true)
  })
})

describe('columns', () => {
  it('have paths, dtypes and shapes of the parts, in sorted order', () => {
    const space = dict({
      pose: dict({ y: box({ low: 0, high: 1, shape: [2, 2] }), x: discrete(3) }),
      camera: box({ low: 0, high: 255, shape: [3], dtype: 'uint8' }),
      bits: tuple([multiBinary(4), multiDiscrete([2, 2])]),
    })
    expect(space.leaves.map(({ path, dtype, shape, size }) => [path, dtype, shape, size])).toEqual([
      ['bits/0', 'uint8', [4], 4],
      ['bits/1', 'int32', [2], 2],
      ['camera', 'uint8', [3], 3],
      ['pose/x', 'int32', [], 1],
      ['pose/y', 'float32', [2, 2], 4],
    ])
  })

  it('refuse values that do not fit, by name', () => {
    const write = (space: Space, value: unknown) => () => space.write(value, allocateColumns(space.leaves, 1), 0)
    expect(write(box({ low: 0, high: 1, shape: [3] }), [1, 2])).toThrow(/\[1, 2\] is no element of Box.*3 numbers/)
    expect(write(box({ low: 0, high: 255, dtype: 'uint8' }), [256])).toThrow(/256 at element 0 does not fit uint8/)
    expect(write(discrete(2), 2)).toThrow(/2 is no element of Discrete\(2\)/)
    expect(write(multiDiscrete([2, 2]), [0, 2])).toThrow(/MultiDiscrete/)
    expect(write(multiBinary(2), [0, 2])).toThrow(/each 0 or 1/)
    expect(write(dict({ a: discrete(2) }), { b: 1 })).toThrow(/key 'a' is missing/)
  })

  it('keep a Box of any bounds and shape (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 8 }), fc.integer(), (values, seed) => {
        const space = box({ low: Math.min(...values), high: Math.max(...values), shape: [values.length] })
        const columns = allocateColumns(space.leaves, 2)
        space.write(values, columns, 1)
        expect([...space.read(columns, 1)]).toEqual(values)
        space.seed(Math.abs(seed))
        expect(space.contains(values)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('impossible spaces are refused', () => {
  it.each([
    ['inverted bounds', () => box({ low: 1, high: 0 })],
    ['NaN bounds', () => box({ low: Number.NaN, high: 0 })],
    ['infinite low', () => box({ low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY })],
    ['lengths that differ', () => box({ low: [0, 0], high: [1, 1, 1] })],
    ['bounds beside the shape', () => box({ low: [0, 0], high: [1, 1], shape: [3] })],
    ['an infinite uint8', () => box({ low: 0, high: Number.POSITIVE_INFINITY, dtype: 'uint8' })],
    ['256 in a uint8', () => box({ low: 0, high: 256, dtype: 'uint8' })],
    ['an unknown dtype', () => box({ low: 0, high: 1, dtype: 'int8' as 'uint8' })],
    ['a dimension of zero', () => box({ low: 0, high: 1, shape: [0] })],
    ['discrete(0)', () => discrete(0)],
    ['discrete(1.5)', () => discrete(1.5)],
    ['values beyond int32', () => discrete(2, { start: 2 ** 31 - 1 })],
    ['no sub-actions', () => multiDiscrete([])],
    ['a sub-action of 0', () => multiDiscrete([2, 0])],
    ['no bits', () => multiBinary(0)],
    ['an empty dict', () => dict({})],
    ['a part that is no space', () => dict({ a: 3 as unknown as Space })],
    ['a slash in a key', () => dict({ 'a/b': discrete(2) })],
    ['text of negative length', () => text({ maxLength: -1 })],
    ['text without characters', () => text({ maxLength: 3, charset: '' })],
    ['JSON of no kind', () => spaceFromJson({ kind: 'Graph' as 'Box' })],
  ])('%s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'RPR_SPACE_INVALID' }))
  })

  it('and so are impossible masks', () => {
    expect(() => discrete(3).sample([1, 1])).toThrow(/2 elements instead of 3/)
    expect(() => discrete(3).sample([2, 0, 0])).toThrow(/holds 2/)
    expect(() => discrete(2).sample({ probability: [0.4, 0.4] })).toThrow(/0.8/)
    expect(() => multiDiscrete([2, 2]).sample([1, 1, 1])).toThrow(/2 parts or 4 elements/)
    expect(() => multiBinary(2).sample([3, 0])).toThrow(/0, 1 or 2/)
  })
})

it('counts mask elements and narrows by kind', () => {
  expect([discrete(4), multiDiscrete([2, 3]), multiBinary(3)].map(maskSize)).toEqual([4, 5, 0])
  const space = asAnySpace(discrete(4) as Space)
  if (space.kind === 'Discrete') expectTypeOf(space.n).toEqualTypeOf<number>()
  if (space.kind === 'Box') expectTypeOf(space.low).toEqualTypeOf<Float64Array>()
  expect(() => asAnySpace({} as Space)).toThrow(/no space/)
})

it('types of elements are inferred', () => {
  const space = dict({
    a: discrete(2),
    b: box({ low: 0, high: 1 }),
    c: tuple([discrete(2), text({ maxLength: 3 })]),
  })
  type Value = Element<typeof space>
  expectTypeOf<Value['a']>().toEqualTypeOf<number>()
  expectTypeOf<Value['b']>().toEqualTypeOf<ArrayLike<number>>()
  expectTypeOf<Value['c']>().toEqualTypeOf<readonly [number, string]>()
  expectTypeOf<number[]>().toExtend<Value['b']>()
  expectTypeOf<Float32Array>().toExtend<Value['b']>()
  expectTypeOf(box({ low: 0, high: 1 }).sample()).toEqualTypeOf<Float32Array>()
  expectTypeOf(box({ low: 0, high: 1, dtype: 'uint8' }).sample()).toEqualTypeOf<Uint8Array>()
  expectTypeOf(box({ low: 0, high: 1, dtype: 'uint8' })).toExtend<Space>()
})
