import type { HostTree } from '@reprise/backend'
import { box, Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { redq } from './index.ts'
import { drawMembers } from './redq.ts'
import { updateCallOf } from './testing/actor-critic-batches.ts'
import { bytesOf, learnerFor, optionsFor, spacesFor } from './testing/fixtures.ts'

const spaces = spacesFor(box({ low: -1, high: 1, shape: [2] }))

describe('REDQ', () => {
  it('draws every subset as often', () => {
    const rng = new Pcg64(1)
    const counts = new Map<string, number>()
    const draws = 20_000
    for (let i = 0; i < draws; i++) {
      const members = drawMembers(rng, 5, 2)
      const key = [...members].sort().join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(10)
    // Chi-square with 9 degrees of freedom: above 28 once in a thousand.
    const expected = draws / 10
    let statistic = 0
    for (const count of counts.values()) statistic += (count - expected) ** 2 / expected
    expect(statistic).toBeLessThan(28)
  })

  it('moves the policy at the last update of a burst alone, the critics and their copies at each', async () => {
    const options = optionsFor(redq.options, { hidden: [4], critics: 4 })
    const learner = await learnerFor(redq, options, { spaces })
    const rng = new Pcg64(1)
    for (let index = 0; index < 3; index++) {
      const before = bytesOf((await learner.save()) as HostTree)
      await learner.update(updateCallOf(redq, options, spaces, rng, { update: index, index, count: 3 }))
      const after = bytesOf((await learner.save()) as HostTree)
      for (const path of Object.keys(after)) {
        const policy = path.startsWith('actor') || path.startsWith('alpha') || path === 'logAlpha'
        expect(before[path] !== after[path], `${path} at ${index}`).toBe(policy ? index === 2 : true)
      }
    }
    learner.dispose()
  })

  it('names only critics that exist, and makes twenty updates per step unless told otherwise', () => {
    const options = optionsFor(redq.options)
    expect(redq.collection(options)).toMatchObject({ updates: 20, trainEvery: 1 })
    const rng = new Pcg64(2)
    for (let i = 0; i < 100; i++) {
      const moment = { options, progress: 0, step: 0, previousStep: 0, update: i, index: i % 20, count: 20, rng }
      const { member0, member1, policyUpdate } = redq.schedule(moment) as Record<string, number>
      expect(member0).not.toBe(member1)
      for (const member of [member0!, member1!]) {
        expect(Number.isInteger(member)).toBe(true)
        expect(member).toBeGreaterThanOrEqual(0)
        expect(member).toBeLessThan(10)
      }
      expect(policyUpdate).toBe(i % 20 === 19 ? 1 : 0)
    }
    const bad = { ...options, targetCritics: 11 }
    expect(() => redq.check!({ spaces, options: bad, maxEpisodeSteps: 1 })).toThrow(/exceeds critics 10/)
  })
})
