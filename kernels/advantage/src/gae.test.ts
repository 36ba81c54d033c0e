import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { discountedReturns, explainedVariance, gae } from './index.ts'

const close = (actual: ArrayLike<number>, expected: readonly number[], digits = 5) => {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, digits)
  })
}

describe('gae', () => {
  // One environment, three steps, gamma 0.5, lambda 0.5: worked out by hand.
  const base = {
    steps: 3,
    numEnvs: 1,
    rewards: [1, 2, 3],
    values: [10, 20, 30],
    lastValues: [40],
    gamma: 0.5,
    lambda: 0.5,
  }
  const none = [0, 0, 0]

  it('bootstraps from the last value of an open episode', () => {
    const { advantages, returns } = gae({ ...base, terminated: none, truncated: none, finalValues: none })
    // deltas: 1 + 10 - 10 = 1; 2 + 15 - 20 = -3; 3 + 20 - 30 = -7
    close(advantages, [1 + 0.25 * (-3 + 0.25 * -7), -3 + 0.25 * -7, -7])
    close(returns, [10 + 1 + 0.25 * -4.75, 20 - 4.75, 23])
  })

  it('cuts at a termination: no value beyond, no trace across', () => {
    const { advantages } = gae({ ...base, terminated: [0, 1, 0], truncated: none, finalValues: [0, 99, 0] })
    // delta_1 = 2 - 20 = -18
    close(advantages, [1 + 0.25 * -18, -18, -7])
  })

  it('bootstraps a truncation from the final observation, and cuts the trace', () => {
    const { advantages } = gae({ ...base, terminated: none, truncated: [0, 1, 0], finalValues: [0, 8, 0] })
    // delta_1 = 2 + 0.5 * 8 - 20 = -14
    close(advantages, [1 + 0.25 * -14, -14, -7])
  })

  it('takes both at once as a termination', () => {
    const both = gae({ ...base, terminated: [0, 1, 0], truncated: [0, 1, 0], finalValues: [0, 8, 0] })
    const only = gae({ ...base, terminated: [0, 1, 0], truncated: none, finalValues: none })
    expect(both).toEqual(only)
  })

  it('names the array of the wrong length', () => {
    expect(() => gae({ ...base, terminated: [0], truncated: none, finalValues: none })).toThrow(
      /'terminated'.*1 elements instead of 3/,
    )
  })

  it('equals sums over each episode, for any flags', () => {
    fc.assert(
      fc.property(rollouts, (rollout) => {
        const { advantages } = gae(rollout)
        close(advantages, bruteForce(rollout), 4)
      }),
      { numRuns: 200 },
    )
  })

  it('has the discounted returns as its returns at lambda 1', () => {
    fc.assert(
      fc.property(rollouts, (rollout) => {
        close(gae({ ...rollout, lambda: 1 }).returns, Array.from(discountedReturns(rollout)), 3)
      }),
    )
  })
})

describe('explainedVariance', () => {
  it('is 1 for perfect predictions, 0 for a constant one, and not a number where nothing varies', () => {
    expect(explainedVariance([1, 2, 3], [1, 2, 3])).toBe(1)
    expect(explainedVariance([2, 2, 2], [1, 2, 3])).toBeCloseTo(0)
    expect(explainedVariance([3, 2, 1], [1, 2, 3])).toBeCloseTo(-3)
    expect(explainedVariance([1, 2, 3], [5, 5, 5])).toBeNaN()
  })
})

const number = fc.double({ min: -5, max: 5, noNaN: true })
const flag = fc.nat(5).map((n) => (n === 0 ? 1 : 0))
const unit = fc.double({ min: 0, max: 1, noNaN: true })
const rollouts = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 3 })).chain(([steps, numEnvs]) => {
  const size = steps * numEnvs
  const many = <T>(arbitrary: fc.Arbitrary<T>, n = size) => fc.array(arbitrary, { minLength: n, maxLength: n })
  return fc.record({
    steps: fc.constant(steps),
    numEnvs: fc.constant(numEnvs),
    rewards: many(number),
    values: many(number),
    terminated: many(flag),
    truncated: many(flag),
    finalValues: many(number),
    lastValues: many(number, numEnvs),
    gamma: unit,
    lambda: unit,
  })
})
type Rollout = typeof rollouts extends fc.Arbitrary<infer R> ? R : never

/** A_t = sum_k (gamma lambda)^k delta_{t+k} up to the end of the episode. */
function bruteForce(r: Rollout): number[] {
  const at = (t: number, n: number) => t * r.numEnvs + n
  const delta = (t: number, n: number) => {
    const i = at(t, n)
    let next = t + 1 < r.steps ? r.values[at(t + 1, n)]! : r.lastValues[n]!
    if (r.truncated[i]) next = r.finalValues[i]!
    if (r.terminated[i]) next = 0
    return r.rewards[i]! + r.gamma * next - r.values[i]!
  }
  return r.rewards.map((_, i) => {
    const n = i % r.numEnvs
    let sum = 0
    for (let t = Math.floor(i / r.numEnvs), weight = 1; t < r.steps; t++, weight *= r.gamma * r.lambda) {
      sum += weight * delta(t, n)
      if (r.terminated[at(t, n)] || r.truncated[at(t, n)]) break
    }
    return sum
  })
}
