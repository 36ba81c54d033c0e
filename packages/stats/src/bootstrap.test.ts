import { describe, expect, test } from 'vitest'
import { iqm, mean } from './aggregate.ts'
import { interval, intervals } from './bootstrap.ts'
import { golden } from './golden.ts'
import { improvementInterval, probabilityOfImprovement } from './improvement.ts'
import { performanceProfile, profileIntervals } from './profile.ts'
import { singleTask } from './scores.ts'

describe('interval', () => {
  test('equals one drawn with the same generator in NumPy', () => {
    const { drawn } = golden
    const a = interval(golden.a, iqm, { reps: 2000, seed: 3 })
    expect(a.value).toBeCloseTo(golden.aggregates.a.iqm, 12)
    expect([a.low, a.high].map((x, i) => x - drawn.iqmA[i]!).every((gap) => Math.abs(gap) < 1e-12)).toBe(true)
    const a90 = interval(golden.a, mean, { reps: 2000, seed: 3, confidence: 0.9 })
    expect(a90.low).toBeCloseTo(drawn.meanA90[0], 12)
    expect(a90.high).toBeCloseTo(drawn.meanA90[1], 12)
    const c = interval(golden.c, iqm, { reps: 500 })
    expect([c.low, c.high]).toEqual([expect.closeTo(drawn.iqmC[0], 10), expect.closeTo(drawn.iqmC[1], 10)])
  })

  test('is near the one of rliable, by default with 50 000 resamples', () => {
    const { low, high } = interval(golden.a, iqm)
    expect(Math.abs(low - golden.rliable.iqmA[0][0]!)).toBeLessThan(0.01)
    expect(Math.abs(high - golden.rliable.iqmA[1][0]!)).toBeLessThan(0.01)
  })

  test('the same seed gives the same interval, another seed another', () => {
    const at = (seed: number) => interval(golden.a, mean, { reps: 200, seed })
    expect(at(1)).toEqual(at(1))
    expect(at(1)).not.toEqual(at(2))
  })

  test('runs that agree, and a single run, give an interval without width', () => {
    expect(interval(singleTask([3, 3, 3]), iqm, { reps: 50 })).toEqual({ value: 3, low: 3, high: 3 })
    expect(interval(singleTask([4]), iqm, { reps: 50 })).toEqual({ value: 4, low: 4, high: 4 })
  })

  test('holds the aggregate, and is wider for more confidence', () => {
    const narrow = interval(golden.b, mean, { reps: 1000, confidence: 0.5 })
    const wide = interval(golden.b, mean, { reps: 1000, confidence: 0.99 })
    expect(wide.low).toBeLessThan(narrow.low)
    expect(narrow.low).toBeLessThan(narrow.value)
    expect(narrow.value).toBeLessThan(narrow.high)
    expect(narrow.high).toBeLessThan(wide.high)
  })

  test('options out of range and bad scores are refused', () => {
    const range = expect.objectContaining({ code: 'RPR_OPTION_RANGE' })
    expect(() => interval(golden.a, iqm, { reps: 0 })).toThrow(range)
    expect(() => interval(golden.a, iqm, { confidence: 1 })).toThrow(range)
    expect(() => interval([[1], [1, 2]], iqm)).toThrow(expect.objectContaining({ code: 'RPR_SHAPE' }))
  })

  test('the scores that were given stay as they are', () => {
    const scores = [
      [1, 2],
      [3, 4],
    ]
    intervals([scores], ([resampled]) => [mean(resampled!)], { reps: 10 })
    expect(scores).toEqual([
      [1, 2],
      [3, 4],
    ])
  })
})

describe('probability of improvement', () => {
  test('equals that of rliable; ties count half', () => {
    expect(probabilityOfImprovement(golden.a, golden.b)).toBeCloseTo(golden.improvement, 12)
    expect(probabilityOfImprovement(golden.a, golden.a)).toBe(0.5)
    expect(probabilityOfImprovement([[1], [2]], [[2], [0], [0]])).toBe((0 + 1 + 1 + 0.5 + 1 + 1) / 6)
    const there = probabilityOfImprovement(golden.a, golden.b)
    expect(there + probabilityOfImprovement(golden.b, golden.a)).toBeCloseTo(1, 12)
  })

  test('its interval equals one drawn with the same generator, and is near that of rliable', () => {
    const drawn = improvementInterval(golden.a, golden.b, { reps: 300, seed: 5 })
    expect(drawn.low).toBeCloseTo(golden.drawn.improvement[0], 12)
    expect(drawn.high).toBeCloseTo(golden.drawn.improvement[1], 12)
    const many = improvementInterval(golden.a, golden.b)
    expect(Math.abs(many.low - golden.rliable.improvement[0][0]!)).toBeLessThan(0.03)
    expect(Math.abs(many.high - golden.rliable.improvement[1][0]!)).toBeLessThan(0.03)
  })

  test('methods on different tasks are not compared', () => {
    expect(() => probabilityOfImprovement([[1, 2]], [[1]])).toThrow('One method has 2 tasks, the other 1.')
  })
})

describe('performance profile', () => {
  test('equals that of rliable and falls', () => {
    const profile = performanceProfile(golden.a, golden.thresholds)
    for (const [i, value] of profile.entries()) expect(value).toBeCloseTo(golden.profile[i]!, 12)
    expect([...profile].sort((x, y) => y - x)).toEqual(profile)
  })

  test('its intervals equal those drawn with the same generator, and are near those of rliable', () => {
    const drawn = profileIntervals(golden.a, golden.thresholds, { reps: 300, seed: 2 })
    const many = profileIntervals(golden.a, golden.thresholds, { reps: 5000 })
    for (const i of golden.thresholds.keys()) {
      expect(drawn[i]!.low).toBeCloseTo(golden.drawn.profile[0][i]!, 12)
      expect(drawn[i]!.high).toBeCloseTo(golden.drawn.profile[1][i]!, 12)
      expect(Math.abs(many[i]!.low - golden.rliable.profile[0][i]!)).toBeLessThan(0.07)
      expect(Math.abs(many[i]!.high - golden.rliable.profile[1][i]!)).toBeLessThan(0.07)
    }
  })
})
