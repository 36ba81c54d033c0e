import { Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { moreRollouts, RolloutBudget, shareRollouts } from './index.ts'

describe('shareRollouts', () => {
  it('splits in proportion, the rest to the largest remainders', () => {
    expect(Array.from(shareRollouts([1, 1, 2], 8))).toEqual([2, 2, 4])
    expect(Array.from(shareRollouts([1, 1, 1], 8))).toEqual([3, 3, 2])
    expect(Array.from(shareRollouts([0, 0], 5))).toEqual([3, 2])
  })

  it('keeps limits, and gives what they free to the others', () => {
    expect(Array.from(shareRollouts([0, 1, 1], 10, { min: 2 }))).toEqual([2, 4, 4])
    expect(Array.from(shareRollouts([100, 1, 1], 12, { max: 6 }))).toEqual([6, 3, 3])
    expect(Array.from(shareRollouts([5, 1], 100, { max: 8 }))).toEqual([8, 8])
    expect(() => shareRollouts([1, 1, 1], 5, { min: 2 })).toThrow(/total = 5/)
    expect(() => shareRollouts([1, -1], 5)).toThrow(/weights = -1/)
  })

  it('sums to the total within limits for any weights', () => {
    const random = new Pcg64(0)
    for (let trial = 0; trial < 500; trial++) {
      const n = 1 + random.integers(12)
      const weights = Float64Array.from({ length: n }, () => (random.random() < 0.3 ? 0 : random.random() ** 4))
      const min = random.integers(4)
      const max = Math.max(1, min) + random.integers(20)
      const total = n * min + random.integers(60)
      const shares = shareRollouts(weights, total, { min, max })
      expect(shares.reduce((a, b) => a + b, 0)).toBe(Math.min(total, n * max))
      expect(shares.every((share) => share >= min && share <= max)).toBe(true)
      // A larger weight gets no less, the last rollout aside.
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++)
          if (weights[i]! > weights[j]!) expect(shares[i]).toBeGreaterThanOrEqual(shares[j]! - 1)
      }
    }
  })
})

describe('growing groups', () => {
  const rule = { initial: 4, extra: 3, max: 9 }

  it('stops where outcomes differ, or at the most', () => {
    expect(moreRollouts(0, 0, rule)).toBe(4)
    expect([moreRollouts(4, 0, rule), moreRollouts(7, 0, rule), moreRollouts(9, 0, rule)]).toEqual([3, 2, 0])
    expect([moreRollouts(4, 1, rule), moreRollouts(4, 4, rule)]).toEqual([0, 0])
    expect(moreRollouts(4, 4, { ...rule, onAllSuccess: true })).toBe(3)
    expect(moreRollouts(4, 0, { ...rule, onAllFail: false })).toBe(0)
  })

  it('share one budget, and resume', () => {
    const budget = new RolloutBudget(rule, 4)
    expect([budget.grant(0, 0), budget.grant(0, 0)]).toEqual([4, 4])
    expect([budget.grant(4, 0), budget.grant(4, 2)]).toEqual([3, 0])
    const copy = new RolloutBudget(rule, 4)
    copy.load(budget.save())
    expect([copy.grant(4, 0), copy.grant(7, 0), copy.extraLeft, copy.granted]).toEqual([1, 0, 0, 12])
    copy.renew()
    expect([copy.extraLeft, copy.granted]).toEqual([4, 0])
    expect(() => new RolloutBudget(rule, 5).load(budget.save())).toThrow(/extraTotal = 5/)
  })
})
