import { Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { BaselineFilter, baselineReport, describeBaseline, keptByBaseline } from './index.ts'

describe('BaselineFilter', () => {
  it('gives every task k rollouts and keeps those with a success', () => {
    const filter = new BaselineFilter([10, 20, 30], { rollouts: 4 })
    const order: number[] = []
    for (let task = filter.next(); task !== undefined; task = filter.next()) {
      order.push(task)
      filter.record(task, task === 20 ? 0 : task === 30 ? 1 : order.length === 4 ? 1 : 0.9)
    }
    expect(order).toEqual([10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30])
    expect(filter.complete).toBe(true)
    const report = filter.report()
    expect(report).toMatchObject({ kept: [10, 30], histogram: [1, 1, 0, 0, 1] })
    expect(report.droppedBy).toEqual({ too_few_successes: 1, too_many_successes: 0, incomplete: 0 })
    expect(report.verdicts[1]).toEqual({ taskId: 20, rollouts: 4, successes: 0, dropped: 'too_few_successes' })
    expect([report.rate, report.keptRate]).toEqual([5 / 12, 5 / 8])
    expect(describeBaseline(report)).toBe(
      'Kept 2 of 3 tasks: 1 to 4 successes in 4 base rollouts.\n' +
        'Success of the base policy: 41.7 % over all tasks, 62.5 % over those kept.\n' +
        'Dropped 1 with fewer than 1 successes.\n' +
        '   0 of 4: 1 task\n   1 of 4: 1 task\n   4 of 4: 1 task\n',
    )
  })

  it('hands a discarded rollout out again, and does not count it', () => {
    const filter = new BaselineFilter([1, 2], { rollouts: 2 })
    filter.record(filter.next()!, 1)
    filter.next()
    filter.record(filter.next()!, 0)
    filter.discard(1)
    expect([filter.next(), filter.next(), filter.next()]).toEqual([1, 2, undefined])
    expect(filter.report().droppedBy.incomplete).toBe(2)
    expect(() => filter.discard(3)).toThrow(/taskId = 3/)
  })

  it('goes on from what it saved, with the rollouts under way handed out again', () => {
    const make = () => new BaselineFilter([1, 2], { rollouts: 2 })
    const filter = make()
    filter.record(filter.next()!, 1)
    filter.next()
    const copy = make()
    copy.load(filter.save())
    expect([copy.next(), copy.next(), copy.next(), copy.next()]).toEqual([1, 2, 2, undefined])
    expect(copy.report().verdicts[0]).toMatchObject({ rollouts: 1, successes: 1, dropped: 'incomplete' })
    expect(() => new BaselineFilter([1, 3], { rollouts: 2 }).load(filter.save())).toThrow(/does not fit/)
  })

  it('can drop what is too easy', () => {
    const counts = [0, 1, 3, 4].map((successes, taskId) => ({ taskId, rollouts: 4, successes }))
    expect(baselineReport(counts, { rollouts: 4, maxSuccesses: 3 }).kept).toEqual([1, 2])
  })

  it('keeps as many tasks as the arithmetic says', () => {
    const random = new Pcg64(0)
    const tasks = Array.from({ length: 2000 }, (_, i) => i)
    const filter = new BaselineFilter(tasks)
    for (let task = filter.next(); task !== undefined; task = filter.next())
      filter.record(task, random.random() < 0.05 ? 1 : 0)
    expect(Math.abs(filter.report().kept.length / 2000 - keptByBaseline(0.05, 16))).toBeLessThan(0.045)
  })

  it('refuses tasks that are listed twice and limits that cross', () => {
    expect(() => new BaselineFilter([1, 1])).toThrow(/every task once/)
    expect(() => new BaselineFilter([1], { minSuccesses: 3, maxSuccesses: 2 })).toThrow(/maxSuccesses = 2/)
  })
})
