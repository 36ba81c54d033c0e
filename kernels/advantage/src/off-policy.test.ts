import { describe, expect, it } from 'vitest'
import { gae, retrace, vTrace } from './index.ts'

const rollout = {
  steps: 4,
  numEnvs: 1,
  rewards: [1, 2, 3, 4],
  values: [10, 20, 30, 40],
  terminated: [0, 0, 0, 0],
  truncated: [0, 1, 0, 0],
  finalValues: [0, 8, 0, 0],
  lastValues: [50],
  gamma: 0.5,
  lambda: 1,
}
const close = (actual: ArrayLike<number>, expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 5)
  })
}

describe('vTrace', () => {
  const onPolicy = { ...rollout, logRatios: [0, 0, 0, 0], rhoBar: 1, cBar: 1 }

  it('is the discounted return where the policies are equal', () => {
    // Row 3: 4 + 25; row 2: 3 + 14.5; row 1 is truncated: 2 + 4; row 0: 1 + 3.
    const { targets, advantages } = vTrace(onPolicy)
    close(targets, [4, 6, 17.5, 29])
    close(advantages, [4 - 10, 6 - 20, 17.5 - 30, 29 - 40])
  })

  it('has the targets of GAE where the policies are equal, for any lambda', () => {
    close(vTrace({ ...onPolicy, lambda: 0.7 }).targets, [...gae({ ...rollout, lambda: 0.7 }).returns])
  })

  it('weighs differences by rho and traces by c, both truncated', () => {
    const ratios = [2, 0.5, 1, 0.25]
    const { targets, advantages } = vTrace({ ...onPolicy, logRatios: ratios.map(Math.log) })
    const [d3, d2] = [0.25 * (4 + 25 - 40), 3 + 20 - 30]
    const error2 = d2 + 0.5 * 1 * d3
    const error1 = 0.5 * (2 + 4 - 20)
    close(targets, [10 + (1 + 10 - 10) + 0.5 * error1, 20 + error1, 30 + error2, 40 + d3])
    close(advantages, [1 + 0.5 * (20 + error1) - 10, error1, 3 + 0.5 * (40 + d3) - 30, d3])
  })
})

describe('retrace', () => {
  const base = { ...rollout, actionValues: [11, 19, 33, 38], logRatios: [0, 0, 0, 0] }

  it('follows the recursion, and nothing past an end', () => {
    const ratios = [1, 1, 1, 0.5]
    const q3 = 4 + 25
    const q2 = 3 + 0.5 * (40 + 0.5 * (q3 - 38))
    const q1 = 2 + 4
    const q0 = 1 + 0.5 * (20 + (q1 - 19))
    close(retrace({ ...base, logRatios: ratios.map(Math.log) }), [q0, q1, q2, q3])
  })

  it('is one-step expected SARSA at lambda 0', () => {
    close(retrace({ ...base, lambda: 0 }), [11, 6, 23, 29])
  })

  it('bootstraps no termination', () => {
    close(retrace({ ...base, lambda: 0, terminated: [0, 1, 0, 0] }), [11, 2, 23, 29])
  })
})
