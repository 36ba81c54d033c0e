import { allocateColumns, box, dict, discrete, multiBinary, multiDiscrete, type Space, text } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { actionHead } from './action-head.ts'

function written(space: Space, action: ArrayLike<number>, rows: number): number[] {
  const columns = allocateColumns(space.leaves, rows)
  actionHead(space).writeActions(action, columns)
  return Array.from(columns[0]!.data)
}

describe('actionHead', () => {
  it('gives Discrete a categorical head, and adds its start back', () => {
    const space = discrete(3, { start: -1 })
    expect(actionHead(space)).toMatchObject({
      kind: 'categorical',
      outputs: 3,
      sizes: [3],
      action: { dtype: 'int32', shape: [] },
    })
    expect(written(space, Int32Array.of(0, 2), 2)).toEqual([-1, 1])
  })
  it('gives MultiDiscrete one choice per part', () => {
    expect(actionHead(multiDiscrete([2, 3]))).toMatchObject({
      outputs: 5,
      sizes: [2, 3],
      action: { shape: [2] },
      noise: { shape: [2] },
    })
    expect(written(multiDiscrete([2, 3]), Int32Array.of(1, 2), 1)).toEqual([1, 2])
  })
  it('takes MultiBinary as choices of two', () => {
    expect(actionHead(multiBinary([2, 2]))).toMatchObject({ outputs: 8, sizes: [2, 2, 2, 2] })
    expect(written(multiBinary(2), Int32Array.of(1, 0), 1)).toEqual([1, 0])
  })
  it('clips Gaussian actions for the environment alone', () => {
    const space = box({ low: [-1, 0], high: [1, Number.POSITIVE_INFINITY] })
    const action = Float32Array.of(-3, -3, 0.5, 99)
    expect(actionHead(space)).toMatchObject({ kind: 'gaussian', outputs: 2, noise: { fill: 'normal' } })
    expect(written(space, action, 2)).toEqual([-1, 0, 0.5, 99])
    expect(Array.from(action)).toEqual([-3, -3, 0.5, 99])
  })
  it.each([
    ['int32 Box', box({ low: 0, high: 3, dtype: 'int32' })],
    ['Text', text({ maxLength: 3 })],
    ['Dict', dict({ a: discrete(2) })],
  ])('refuses %s by name', (_, space) => {
    expect(() => actionHead(space)).toThrow(expect.objectContaining({ code: 'RPR_SPACE_UNSUPPORTED' }))
  })
  it('refuses actions for another number of rows', () => {
    expect(() => written(discrete(2), Int32Array.of(0, 1, 1), 2)).toThrow(
      expect.objectContaining({ code: 'RPR_SHAPE' }),
    )
  })
})
