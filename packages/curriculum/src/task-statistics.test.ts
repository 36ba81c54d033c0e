import { describe, expect, it } from 'vitest'
import { bucketByRate, TaskStatistics } from './index.ts'

describe('TaskStatistics', () => {
  it('counts per task', () => {
    const statistics = new TaskStatistics({ successAt: 0.5 })
    for (const outcome of [0, 0.25, 0.5, 1]) statistics.record(7, outcome, 3)
    statistics.record(2 ** 52, 0, 4)
    expect(statistics.get(7)).toEqual({
      taskId: 7,
      attempts: 4,
      successes: 2,
      rate: 0.5,
      meanOutcome: 0.4375,
      variance: 0.13671875,
      lastStep: 3,
    })
    expect(statistics.taskIds).toEqual([7, 2 ** 52])
    expect(statistics.get(8)).toMatchObject({ attempts: 0, rate: Number.NaN })
  })

  it('forgets at the rate of its decay', () => {
    const statistics = new TaskStatistics({ decay: 0.5 })
    for (let i = 0; i < 50; i++) statistics.record(1, 0)
    statistics.record(1, 1)
    expect(statistics.get(1).attempts).toBeCloseTo(2, 12)
    expect(statistics.get(1).rate).toBeCloseTo(0.5, 12)
  })

  it('comes back from what it saved, beyond its first rows', () => {
    const statistics = new TaskStatistics()
    for (let task = 0; task < 500; task++) statistics.record(task * 3, task % 2, task)
    const copy = new TaskStatistics()
    copy.load(statistics.save())
    copy.record(5, 1)
    statistics.record(5, 1)
    expect(copy.save()).toEqual(statistics.save())
    expect(copy.get(297)).toEqual(statistics.get(297))
    expect(() => new TaskStatistics({ decay: 0.9 }).load(statistics.save())).toThrow(/decay = 0.9/)
  })

  it('refuses rewards that are no outcomes', () => {
    expect(() => new TaskStatistics().record(1, -0.1)).toThrow(/outcome = -0.1/)
    expect(() => new TaskStatistics().record(Number.NaN, 1)).toThrow(/taskId = NaN/)
  })
})

describe('bucketByRate', () => {
  it('takes the nearest centre by ratio, and leaves out what is far from all', () => {
    const tasks = [0, 0.009, 0.02, 0.031, 0.032, 0.1, 0.18, 0.6, 0.61, Number.NaN].map((rate, taskId) => ({
      taskId,
      rate,
    }))
    expect(bucketByRate(tasks).map(({ taskIds }) => taskIds)).toEqual([[2, 3], [4], [5], [6, 7]])
    expect(() => bucketByRate(tasks, [0.1, 0.1])).toThrow(/rising/)
  })
})
