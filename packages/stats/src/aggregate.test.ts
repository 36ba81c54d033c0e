import { describe, expect, test } from 'vitest'
import { iqm, mean, median, optimalityGap, quantile } from './aggregate.ts'
import { golden } from './golden.ts'
import { checkScores, singleTask } from './scores.ts'

test.each(['a', 'b', 'c'] as const)('aggregates of %s equal those of rliable', (name) => {
  const scores = golden[name]
  const expected = golden.aggregates[name]
  expect(iqm(scores)).toBeCloseTo(expected.iqm, 12)
  expect(mean(scores)).toBeCloseTo(expected.mean, 12)
  expect(median(scores)).toBeCloseTo(expected.median, 12)
  expect(optimalityGap(scores)).toBeCloseTo(expected.gap, 12)
  expect(optimalityGap(scores, 0.5)).toBeCloseTo(expected.gapHalf, 12)
})

describe('iqm', () => {
  test('cuts a quarter at each end, rounded down', () => {
    expect(iqm(singleTask([7]))).toBe(7)
    expect(iqm(singleTask([1, 2, 9]))).toBe(4)
    expect(iqm(singleTask([100, 1, 2, -50]))).toBe(1.5)
    expect(iqm(singleTask([500, 500, 191.5, 500, 500]))).toBe(500)
  })
})

test('quantiles equal those of NumPy', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6]
  const at = [0, 0.1, 0.25, 0.5, 0.9, 1]
  for (const [i, q] of at.entries()) expect(quantile(values, q)).toBeCloseTo(golden.quantiles[i]!, 12)
})

test('empty, ragged and undefined scores are refused', () => {
  const shape = expect.objectContaining({ code: 'RPR_SHAPE' })
  expect(() => checkScores([])).toThrow(shape)
  expect(() => checkScores([[]])).toThrow(shape)
  expect(() => checkScores([[1, 2], [1]])).toThrow('Run 1 has 1 tasks, run 0 has 2.')
  expect(() => checkScores([[1], [Number.NaN]])).toThrow(shape)
  expect(checkScores([[1, 2]])).toEqual({ runs: 1, tasks: 2 })
})
