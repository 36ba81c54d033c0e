import { describe, expect, it } from 'vitest'
import { allFail, keptByBaseline, rolloutsForSuccess, zeroVariance } from './index.ts'

describe('probabilities', () => {
  it.each([
    // rate, all 8 fail, all 8 alike, kept by 16
    [0.01, 0.923, 0.923, 0.149],
    [0.02, 0.851, 0.851, 0.276],
    [0.05, 0.663, 0.663, 0.56],
    [0.0625, 0.597, 0.597, 0.644],
    [0.125, 0.344, 0.344, 0.882],
    [0.25, 0.1, 0.1, 0.99],
    [0.5, 0.004, 0.008, 1],
    [0.9, 0, 0.431, 1],
  ])('at %f', (rate, fail, alike, kept) => {
    expect(Math.abs(allFail(rate, 8) - fail)).toBeLessThan(6e-4)
    expect(Math.abs(zeroVariance(rate, 8) - alike)).toBeLessThan(6e-4)
    expect(Math.abs(keptByBaseline(rate, 16) - kept)).toBeLessThan(6e-4)
  })

  it('count the rollouts that one success takes', () => {
    expect(rolloutsForSuccess(0.5, 0.5)).toBe(1)
    expect(rolloutsForSuccess(0.5, 0.75)).toBe(2)
    expect(rolloutsForSuccess(0.5, 0.76)).toBe(3)
    expect(rolloutsForSuccess(0)).toBe(Number.POSITIVE_INFINITY)
    expect(rolloutsForSuccess(1)).toBe(1)
    for (const rate of [0.01, 0.1, 0.4]) {
      const n = rolloutsForSuccess(rate, 0.9)
      expect(keptByBaseline(rate, n)).toBeGreaterThanOrEqual(0.9 - 1e-9)
      expect(keptByBaseline(rate, n - 1)).toBeLessThan(0.9)
    }
  })

  it('refuse what is no probability', () => {
    expect(() => allFail(1.5, 8)).toThrow(/rate = 1.5/)
    expect(() => allFail(0.5, 0)).toThrow(/group = 0/)
  })
})
