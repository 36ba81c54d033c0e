import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { ITEM, picksOf } from '../testing/drive.ts'
import { chiSquare, chiSquareBound } from '../testing/statistics.ts'
import { RecencySelector } from './recency-selector.ts'

test('update k of K draws from the newest max(N eta^(1000 k / K), least)', () => {
  const selector = new RecencySelector(1000, { eta: 0.996, least: 50 })
  for (let slot = 0; slot < 1000; slot++) selector.insert(slot, ITEM)
  const window = (index: number, count: number) => selector.window({ progress: 0, burst: { index, count } })
  expect(window(0, 10)).toBe(1000)
  expect(window(5, 10)).toBe(Math.floor(1000 * 0.996 ** 500))
  expect(window(9, 10)).toBe(50)
  expect(new RecencySelector(10, { eta: 'linear(0.9, 1)' }).window(START)).toBe(0)
})

test('uniform over exactly the newest live items, whatever has left and come back', () => {
  const rng = new Pcg64(6)
  const capacity = 24
  const selector = new RecencySelector(capacity, { eta: Math.exp(-0.001), least: 3 })
  const order: number[] = []
  for (let k = 0; k < 500; k++) {
    const slot = rng.integers(capacity)
    const at = order.indexOf(slot)
    if (at >= 0) order.splice(at, 1)
    if (rng.integers(3) === 0) selector.remove(slot)
    else {
      order.push(slot)
      selector.insert(slot, ITEM)
    }
  }
  const context = { progress: 0, burst: { index: 1, count: 2 } }
  const size = Math.floor(order.length * Math.exp(-0.5))
  const newest = order.slice(-size)
  const picks = picksOf(10)
  const counts = new Float64Array(capacity)
  for (let k = 0; k < 2000; k++) {
    selector.pick(picks, 10, rng, context)
    for (const slot of picks.slots) counts[slot]!++
  }
  const expected = counts.map((_, slot) => (newest.includes(slot) ? 20_000 / size : 0))
  expect(chiSquare(counts, expected)).toBeLessThan(chiSquareBound(size - 1))
  expect(picks.probabilities[0]).toBe(1 / size)
})
