import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GROUP_ADVANTAGE_KINDS, groupAdvantages, groupsWithSignal, meanAndStd, rewardToGo, whiten } from './index.ts'

const one = (rewards: number[]) => ({ rewards, group: rewards.map(() => 0) })
const close = (actual: ArrayLike<number>, expected: readonly number[], digits = 4) => {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, digits)
  })
}

describe('groupAdvantages', () => {
  // Binary rewards, G = 8, k successes: success and failure, by population and by sample deviation.
  it.each([
    [1, 2.6458, -0.378, 2.4749, -0.3536],
    [2, 1.7321, -0.5774, 1.6202, -0.5401],
    [4, 1, -1, 0.9354, -0.9354],
    [7, 0.378, -2.6458, 0.3536, -2.4749],
  ])('gives the published values for %i successes of 8', (k, winP, loseP, winS, loseS) => {
    const rewards = Array.from({ length: 8 }, (_, i) => (i < k ? 1 : 0))
    const by = (std: 'population' | 'sample') =>
      groupAdvantages({ ...one(rewards), kind: 'group_std', std, epsilon: 0 })
    close(
      by('population'),
      rewards.map((r) => (r ? winP : loseP)),
    )
    close(
      by('sample'),
      rewards.map((r) => (r ? winS : loseS)),
    )
  })

  it('adds epsilon to the deviation', () => {
    const [a] = groupAdvantages({ ...one([1, 0]), kind: 'group_std', std: 'population', epsilon: 0.5 })
    expect(a).toBeCloseTo(0.5 / (0.5 + 0.5))
  })

  it('leaves one out (RLOO): 1, 0, 0, 0', () => {
    close(groupAdvantages({ ...one([1, 0, 0, 0]), kind: 'leave_one_out', std: 'sample', epsilon: 0 }), [
      1,
      -1 / 3,
      -1 / 3,
      -1 / 3,
    ])
  })

  it('divides by no deviation (Dr.GRPO), or by that of the whole batch', () => {
    const input = { rewards: [1, 0, 10, 0], group: [0, 0, 1, 1], std: 'population' as const, epsilon: 0 }
    close(groupAdvantages({ ...input, kind: 'mean' }), [0.5, -0.5, 5, -5])
    const { std } = meanAndStd([1, 0, 10, 0], 'population')
    close(groupAdvantages({ ...input, kind: 'batch_std' }), [0.5 / std, -0.5 / std, 5 / std, -5 / std])
  })

  it('gives a group of one, and a group of equals, nothing', () => {
    for (const kind of GROUP_ADVANTAGE_KINDS) {
      const out = groupAdvantages({ rewards: [7, 3, 3, 3], group: [0, 1, 1, 1], kind, std: 'sample', epsilon: 1e-4 })
      close(out, [0, 0, 0, 0])
    }
  })

  it('sums to 0 in every group, and does not mind a shift of the rewards', () => {
    const rewards = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(
        rewards,
        fc.constantFrom(...GROUP_ADVANTAGE_KINDS),
        fc.double({ min: -5, max: 5, noNaN: true }),
        (r, kind, shift) => {
          const input = {
            group: r.map((_, i) => Math.floor((2 * i) / r.length)),
            kind,
            std: 'sample' as const,
            epsilon: 1e-3,
          }
          const plain = groupAdvantages({ ...input, rewards: r })
          const shifted = groupAdvantages({ ...input, rewards: r.map((x) => x + shift) })
          for (const g of [0, 1])
            expect(plain.reduce((sum, a, i) => (input.group[i] === g ? sum + a : sum), 0)).toBeCloseTo(0, 5)
          plain.forEach((a, i) => {
            expect(shifted[i]).toBeCloseTo(a, 4)
          })
        },
      ),
    )
  })

  it('equals the definition of leave-one-out', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 9 }), (r) => {
        const out = groupAdvantages({ ...one(r), kind: 'leave_one_out', std: 'sample', epsilon: 0 })
        const sum = r.reduce((a, b) => a + b, 0)
        close(
          out,
          r.map((x) => x - (sum - x) / (r.length - 1)),
        )
      }),
    )
  })
})

describe('groupsWithSignal', () => {
  it('flags the episodes of groups whose rewards differ', () => {
    expect([...groupsWithSignal([1, 1, 1, 0, 5], [0, 0, 1, 1, 2])]).toEqual([0, 0, 1, 1, 0])
  })
})

describe('rewardToGo', () => {
  it('starts anew with each episode', () => {
    expect([...rewardToGo([1, 2, 3, 10, 20], [0, 3, 5], 0.5)]).toEqual([1 + 0.5 * 3.5, 3.5, 3, 20, 20])
  })
  it('names a wrong length', () => {
    expect(() => rewardToGo([1], [0, 2], 1)).toThrow(/RewardToGo|rewardToGo/)
  })
})

describe('whiten', () => {
  it('gives mean 0 and deviation 1', () => {
    const { mean, std } = meanAndStd(whiten([1, 2, 3, 10]), 'sample')
    expect(mean).toBeCloseTo(0)
    expect(std).toBeCloseTo(1)
  })
  it('leaves equal values at 0', () => {
    expect([...whiten([4, 4])]).toEqual([0, 0])
  })
})
