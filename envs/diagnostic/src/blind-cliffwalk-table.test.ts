import { describe, expect, it } from 'vitest'
import { blindCliffwalkTable } from './index.ts'

describe('blindCliffwalkTable', () => {
  it.each([1, 2, 3, 8, 12])('holds 2^(n+1) - 2 transitions, n = %i, one of them with a reward', (n) => {
    const { size, state, action, reward, next } = blindCliffwalkTable(n)
    expect(size).toBe(2 ** (n + 1) - 2)
    expect(reward.reduce((a, b) => a + b, 0)).toBe(1)
    const at = reward.indexOf(1)
    expect([state[at], action[at], next[at]]).toEqual([n - 1, 1, -1])
    // Of 2^n sequences half leave each state right, the other half wrong.
    const counts = new Int32Array(2 * n)
    for (let i = 0; i < size; i++) counts[2 * state[i]! + action[i]!]!++
    for (let s = 0; s < n; s++) expect([counts[2 * s], counts[2 * s + 1]]).toEqual([2 ** (n - 1 - s), 2 ** (n - 1 - s)])
  })

  it('has values that solve the Bellman equation', () => {
    const { size, state, action, reward, next, gamma, values } = blindCliffwalkTable(6)
    for (let i = 0; i < size; i++) {
      const s = next[i]!
      const target = reward[i]! + (s < 0 ? 0 : gamma * Math.max(values[2 * s]!, values[2 * s + 1]!))
      expect(values[2 * state[i]! + action[i]!]).toBeCloseTo(target, 12)
    }
  })
})
