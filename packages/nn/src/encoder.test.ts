import {
  allocateColumns,
  box,
  dict,
  discrete,
  multiBinary,
  multiDiscrete,
  type Space,
  text,
  tuple,
} from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { encoderFor } from './encoder.ts'

function encode(space: Space, rows: readonly unknown[]): number[] {
  const columns = allocateColumns(space.leaves, rows.length)
  rows.forEach((value, row) => {
    space.write(value, columns, row)
  })
  const encoder = encoderFor(space)
  // Dirty on purpose: the encoder writes every element.
  const out = new Float32Array(rows.length * encoder.size).fill(9)
  encoder.encode(columns, out)
  return Array.from(out)
}

describe('encoderFor', () => {
  it('flattens boxes', () => {
    expect(encode(box({ low: -9, high: 9, shape: [2, 2], dtype: 'float64' }), [[1, 2, 3, 4]])).toEqual([1, 2, 3, 4])
  })
  it('scales uint8 boxes to [0, 1]', () => {
    expect(encode(box({ low: 0, high: 255, shape: [3], dtype: 'uint8' }), [[0, 51, 255]])).toEqual([
      0,
      Math.fround(0.2),
      1,
    ])
  })
  it('makes Discrete one-hot, counted from its start', () => {
    expect(encode(discrete(3, { start: 5 }), [5, 7])).toEqual([1, 0, 0, 0, 0, 1])
  })
  it('makes every part of MultiDiscrete one-hot', () => {
    expect(
      encode(multiDiscrete([2, 3]), [
        [1, 0],
        [0, 2],
      ]),
    ).toEqual([0, 1, 1, 0, 0, 1, 0, 0, 0, 1])
  })
  it('copies MultiBinary', () => {
    expect(encode(multiBinary(3), [[1, 0, 1]])).toEqual([1, 0, 1])
  })
  it('concatenates Dict (keys sorted) and Tuple by path', () => {
    const space = dict({ b: discrete(2), a: tuple([box({ low: 0, high: 9, shape: [2] }), multiBinary(1)]) })
    expect(encoderFor(space).size).toBe(5)
    expect(
      encode(space, [
        { a: [[3, 4], [1]], b: 1 },
        { a: [[5, 6], [0]], b: 0 },
      ]),
    ).toEqual([3, 4, 1, 0, 1, 5, 6, 0, 1, 0])
  })
  it('refuses Text by the path of the part', () => {
    expect(() => encoderFor(dict({ say: text({ maxLength: 5 }) }))).toThrow(
      expect.objectContaining({ code: 'RPR_SPACE_UNSUPPORTED' }),
    )
    expect(() => encoderFor(dict({ say: text({ maxLength: 5 }) }))).toThrow(/'say'/)
  })
  it('refuses room of the wrong size', () => {
    const space = discrete(3)
    expect(() => encoderFor(space).encode(allocateColumns(space.leaves, 2), new Float32Array(5))).toThrow(
      expect.objectContaining({ code: 'RPR_SHAPE' }),
    )
  })
})
