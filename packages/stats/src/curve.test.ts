import { describe, expect, test } from 'vitest'
import { mean } from './aggregate.ts'
import { aggregateCurves, alignCurves, sampleEfficiency } from './curve.ts'
import { golden } from './golden.ts'

describe('sampleEfficiency', () => {
  test('equals the IQM of rliable, with intervals drawn by the same generator in NumPy', () => {
    const { y, low, high } = sampleEfficiency(golden.curves, { reps: 400, seed: 11 })
    for (const i of y.keys()) {
      expect(y[i]).toBeCloseTo(golden.curve[i]!, 12)
      expect(low[i]).toBeCloseTo(golden.drawn.curve[0][i]!, 12)
      expect(high[i]).toBeCloseTo(golden.drawn.curve[1][i]!, 12)
    }
  })

  test('is near what rliable draws itself', () => {
    const { low, high } = sampleEfficiency(golden.curves, { reps: 4000 })
    for (const i of low.keys()) {
      expect(Math.abs(low[i]! - golden.rliable.curve[0][i]!)).toBeLessThan(0.04)
      expect(Math.abs(high[i]! - golden.rliable.curve[1][i]!)).toBeLessThan(0.04)
    }
  })
})

describe('aggregateCurves', () => {
  test('runs with the same steps keep them', () => {
    const x = [0, 100, 200]
    const band = aggregateCurves(
      [
        { x, y: [0, 1, 2] },
        { x, y: [2, 3, 4] },
      ],
      { aggregate: mean, reps: 100 },
    )
    expect(band.x).toEqual(x)
    expect(band.y).toEqual([1, 2, 3])
    expect(band.low).toEqual([0, 1, 2])
    expect(band.high).toEqual([2, 3, 4])
  })

  test('runs with other steps are interpolated where all have values', () => {
    const a = { x: [0, 10, 20], y: [0, 10, 20] }
    const b = { x: [5, 15, 40], y: [5, 15, 40] }
    const { x, curves } = alignCurves([a, b], 4)
    expect(x).toEqual([5, 10, 15, 20])
    expect(curves).toEqual([x, x])
  })

  test('runs that share one step, or none', () => {
    const a = { x: [0, 10], y: [1, 2] }
    expect(alignCurves([a, { x: [10, 20], y: [5, 6] }])).toEqual({ x: [10], curves: [[2], [5]] })
    expect(() => alignCurves([a, { x: [11, 20], y: [5, 6] }])).toThrow('The curves share no steps.')
    expect(() => alignCurves([])).toThrow('There are no curves.')
    expect(() => alignCurves([{ x: [1], y: [] }])).toThrow('1 steps and 0 values')
  })
})
