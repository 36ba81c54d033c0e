import { describe, expect, test } from 'vitest'
import { mean } from './aggregate.ts'
import { interval } from './bootstrap.ts'
import { golden } from './golden.ts'
import { pairedDifference } from './paired.ts'
import { singleTask } from './scores.ts'

describe('pairedDifference', () => {
  test('the differences of each seed, their mean and the interval that draws pairs again', () => {
    const { differences, value, low, high } = pairedDifference(singleTask([10, 20, 30]), singleTask([9, 18, 27]))
    expect(differences).toEqual([[1], [2], [3]])
    expect(value).toBe(2)
    expect([low, high]).toEqual([1, 3])
  })

  test('what a pair shares cancels', () => {
    const shared = [0, 100, -40, 900, 33]
    const x = singleTask(shared.map((value) => value + 5))
    expect(pairedDifference(x, singleTask(shared))).toMatchObject({ value: 5, low: 5, high: 5 })
  })

  test('against nothing it is the interval of the mean, which equals that of NumPy', () => {
    const zero = golden.a.map((row) => row.map(() => 0))
    const options = { reps: 2000, seed: 3, confidence: 0.9 }
    const paired = pairedDifference(golden.a, zero, options)
    expect(paired.low).toBeCloseTo(golden.drawn.meanA90[0], 12)
    expect(paired.high).toBeCloseTo(golden.drawn.meanA90[1], 12)
    expect(paired).toMatchObject(interval(golden.a, mean, options))
  })

  test('other seeds or tasks cannot be paired', () => {
    expect(() => pairedDifference(golden.a, golden.b)).toThrow('5 runs of 3 tasks cannot be paired with 4 of 3.')
  })
})
