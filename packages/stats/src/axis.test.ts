import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { axis, logAxis, shortNumber } from './axis.ts'

test.each([
  [0, 100_000, 6, ['0', '20k', '40k', '60k', '80k', '100k']],
  [0, 500, 6, ['0', '100', '200', '300', '400', '500']],
  [-1200, -150, 5, ['−1000', '−750', '−500', '−250']],
  [0, 0.02, 4, ['0', '0.005', '0.010', '0.015', '0.020']],
  [0, 12e6, 6, ['0', '2M', '4M', '6M', '8M', '10M', '12M']],
  [0, 10_000, 4, ['0', '2.5k', '5.0k', '7.5k', '10.0k']],
  [0, 4e-5, 4, ['0', '1e-5', '2e-5', '3e-5', '4e-5']],
] as const)('%d to %d', (min, max, count, labels) => {
  const { ticks, label } = axis(min, max, count)
  expect(ticks.map(label)).toEqual(labels)
})

test('a margin widens both ends but an end at 0 stays', () => {
  expect(axis(-100, 100, 4, 0.1)).toMatchObject({ min: -120, max: 120 })
  expect(axis(0, 100, 4, 0.1)).toMatchObject({ min: 0, max: 110 })
})

test('values that are all equal get a range', () => {
  expect(axis(500, 500, 4)).toMatchObject({ min: 450, max: 550 })
  expect(axis(0, 0, 4)).toMatchObject({ min: -1, max: 1 })
})

test('ticks lie within the axis, are few, and their labels differ', () => {
  const value = fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((x) => Math.round(x * 1e3) / 1e3)
  fc.assert(
    fc.property(value, value, fc.integer({ min: 2, max: 10 }), (a, b, count) => {
      const { min, max, ticks, label } = axis(Math.min(a, b), Math.max(a, b), count)
      expect(ticks.length).toBeLessThanOrEqual(count + 1)
      expect(ticks.length).toBeGreaterThanOrEqual(1)
      const slack = (max - min) * 1e-6
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(min - slack)
        expect(tick).toBeLessThanOrEqual(max + slack)
      }
      expect(new Set(ticks.map(label)).size).toBe(ticks.length)
    }),
  )
})

describe('logAxis', () => {
  test.each([
    [1, 1000, 6, ['1', '10', '100', '1000']],
    [100, 300_000, 6, ['100', '1000', '10k', '100k']],
    [1, 20, 6, ['1', '2', '5', '10', '20']],
    [1.74, 4.6, 6, ['2', '3', '4']],
    [0.001, 0.1, 6, ['0.001', '0.01', '0.1']],
    [1, 1e12, 6, ['1', '100', '10k', '1M', '100M', '10000M', '1000000M']],
  ] as const)('%d to %d', (min, max, count, labels) => {
    const { ticks, label, at } = logAxis(min, max, count)
    expect(ticks.map(label)).toEqual(labels)
    expect(at(min)).toBeCloseTo(0, 12)
    expect(at(max)).toBeCloseTo(1, 12)
    expect(at(Math.sqrt(min * max))).toBeCloseTo(0.5, 12)
  })

  test('equal values get a range, values within one tick get its ends', () => {
    expect(logAxis(10, 10, 6)).toMatchObject({ min: 5, max: 20, ticks: [5, 10, 20] })
    expect(logAxis(11, 13, 6).ticks).toEqual([11, 13])
  })

  test('0 and what is below it is refused', () => {
    expect(() => logAxis(0, 10, 6)).toThrow('A logarithmic axis cannot show 0. Every value on it must be above 0.')
  })
})

test.each([
  [0, '0'],
  [-1.23456, '−1.23'],
  [12_345, '12.3k'],
  [2e6, '2M'],
  [5e-5, '5e-5'],
])('shortNumber of %d', (value, text) => expect(shortNumber(value)).toBe(text))
