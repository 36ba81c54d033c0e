import { Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { difficultyRule, expectedRate, TaskSelector, TaskStatistics, uniformRule, varianceRule } from './index.ts'

/** Task i was solved `successes[i]` times of `attempts`. */
function known(successes: readonly number[], attempts: number): TaskStatistics {
  const statistics = new TaskStatistics()
  for (const [task, wins] of successes.entries())
    for (let i = 0; i < attempts; i++) statistics.record(task, i < wins ? 1 : 0)
  return statistics
}

describe('selection rules', () => {
  const statistics = known([0, 8, 16], 16)
  const weights = (rule: ReturnType<typeof varianceRule>) => [0, 1, 2].map((task) => rule(statistics.get(task)))

  it('by variance is the posterior mean of p (1 - p)', () => {
    // Beta(a, b): a b / ((a + b) (a + b + 1)).
    expect(weights(varianceRule())).toEqual([17 / (18 * 19), 81 / (18 * 19), 17 / (18 * 19)])
    expect(varianceRule()(statistics.get(99))).toBeCloseTo(1 / 6, 15)
    // More failures make a task less worth its while.
    expect(varianceRule()(known([0], 64).get(0))).toBeLessThan(varianceRule()(known([0], 4).get(0)))
  })

  it('by difficulty prefers the target', () => {
    const [never, half, always] = weights(difficultyRule(0.5, 0.1))
    expect(half).toBe(1)
    expect(never).toBeCloseTo(always!, 12)
    expect(never).toBeCloseTo(Math.exp(-(0.5 - 1 / 18) / 0.1), 12)
    expect(expectedRate(statistics.get(2))).toBe(17 / 18)
  })
})

describe('TaskSelector', () => {
  const tasks = [0, 1, 2]

  it('draws first tasks as its probabilities say', () => {
    const selector = new TaskSelector(tasks, known([0, 8, 1], 16), varianceRule(), new Pcg64(1), { explore: 0.3 })
    const p = selector.probabilities()
    const counts = [0, 0, 0]
    for (let i = 0; i < 6000; i++) counts[selector.draw(1)[0]!]!++
    for (const task of tasks) expect(Math.abs(counts[task]! / 6000 - p[task]!)).toBeLessThan(0.02)
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12)
    expect(p[0]).toBeGreaterThan(0.1)
  })

  it('repeats no task within a draw, and draws new ones first', () => {
    const statistics = known([0, 3], 4)
    const selector = new TaskSelector([0, 1, 2, 3], statistics, uniformRule(), new Pcg64(2), { minAttempts: 1 })
    for (let i = 0; i < 50; i++) {
      const drawn = selector.draw(3)
      expect(drawn.slice(0, 2)).toEqual([2, 3])
      expect(new Set(drawn).size).toBe(3)
    }
    expect([...selector.draw(4)].sort()).toEqual([0, 1, 2, 3])
    expect(() => selector.draw(5)).toThrow(/count = 5/)
  })

  it('takes the nearest task where the width is small, and any where a rule wants none', () => {
    const sharp = new TaskSelector(tasks, known([2, 9, 15], 16), difficultyRule(0.5, 1e-3), new Pcg64(3), {
      explore: 0,
    })
    for (let i = 0; i < 30; i++) expect(sharp.draw(1)).toEqual([1])
    const none = new TaskSelector(tasks, new TaskStatistics(), () => 0, new Pcg64(3))
    expect(Array.from(none.probabilities())).toEqual([1 / 3, 1 / 3, 1 / 3])
  })

  it('goes on as it would have from what it saved', () => {
    const statistics = known([0, 8, 1], 16)
    const make = (seed: number) => new TaskSelector(tasks, statistics, varianceRule(), new Pcg64(seed))
    const selector = make(4)
    selector.draw(2)
    const copy = make(5)
    copy.load(selector.save())
    for (let i = 0; i < 20; i++) expect(copy.draw(2)).toEqual(selector.draw(2))
    expect(() => new TaskSelector([0, 1], statistics, varianceRule(), new Pcg64(0)).load(selector.save())).toThrow(
      /other tasks/,
    )
  })

  it('refuses weights that are none', () => {
    const selector = new TaskSelector(tasks, new TaskStatistics(), () => Number.NaN, new Pcg64(0))
    expect(() => selector.draw(1)).toThrow(/finite weights/)
  })
})
