import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RunningMeanStd } from './running-mean-std.ts'

it('equals Gymnasium 1.4.0', () => {
  const running = new RunningMeanStd(2)
  running.update([1, 10, 2, -3, 4, 5], 3)
  running.update([0.5, 7], 1)
  running.update([3, 3, 9, 1], 2)
  const { mean, variance, count } = running.save()
  for (const [i, x] of [3.2499458342360956, 3.8332694455092415].entries()) expect(mean[i]).toBeCloseTo(x, 12)
  for (const [i, x] of [7.979226384959604, 17.47219258900476].entries()) expect(variance[i]).toBeCloseTo(x, 12)
  expect(count).toBeCloseTo(6.0001, 12)
})

it('leaves skipped rows out', () => {
  const [all, some] = [new RunningMeanStd(1), new RunningMeanStd(1)]
  all.update([1, 5], 2)
  some.update([1, 99, 5, 99], 4, [0, 1, 0, 1])
  expect(some.save()).toEqual(all.save())
  some.update([7], 1, [1])
  expect(some.save()).toEqual(all.save())
})

it('gives the same for any split into batches, and the mean and variance of the data (property)', () => {
  const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 40 })
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 7 }), (data, step) => {
      const [whole, parts] = [new RunningMeanStd(1, 0), new RunningMeanStd(1, 0)]
      whole.update(data, data.length)
      for (let i = 0; i < data.length; i += step) parts.update(data.slice(i, i + step), Math.min(step, data.length - i))
      const mean = data.reduce((a, b) => a + b) / data.length
      const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length
      for (const { save } of [whole, parts].map((r) => ({ save: r.save() }))) {
        expect(save.mean[0]).toBeCloseTo(mean, 6)
        expect(save.variance[0]).toBeCloseTo(variance, 4)
        expect(save.count).toBe(data.length)
      }
    }),
    { numRuns: 100 },
  )
})

it('loads what it saved and refuses another size', () => {
  const running = new RunningMeanStd(2)
  running.update([1, 2, 3, 4], 2)
  const other = new RunningMeanStd(2)
  other.load(running.save())
  expect(other.save()).toEqual(running.save())
  running.update([9, 9], 1)
  expect(other.save()).not.toEqual(running.save())
  expect(() => new RunningMeanStd(3).load(running.save())).toThrow(/3 elements/)
  expect(() => running.load(null)).toThrow(/2 elements/)
})
