import { expect, test } from 'vitest'
import { commonPoints } from './common-points.ts'

const curve = (...x: number[]) => ({ x, y: x.map((value) => 2 * value) })

test('points that all seeds have are kept alone, if they are half of a seed or more', () => {
  expect(commonPoints([curve(2, 3, 4), curve(2, 3, 4, 5)])).toEqual([curve(2, 3, 4), curve(2, 3, 4)])
  expect(commonPoints([curve(1, 2), curve(2, 3, 4)])).toEqual([curve(2), curve(2)])
})

test('points that two seeds happen to share are no reason to drop the others', () => {
  const runs = [curve(10, 21, 29, 42), curve(10, 19, 31, 40)]
  expect(commonPoints(runs)).toBe(runs)
})
