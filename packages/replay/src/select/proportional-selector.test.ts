import { Pcg64 } from '@reprise/core'
import { describe, expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { ITEM, picksOf } from '../testing/drive.ts'
import { chiSquare, chiSquareBound } from '../testing/statistics.ts'
import { ProportionalSelector } from './proportional-selector.ts'

const scores = Array.from({ length: 40 }, (_, i) => ((i * 7) % 11) + i / 50)

function filled(options: ConstructorParameters<typeof ProportionalSelector>[1]) {
  const selector = new ProportionalSelector(64, { epsilon: 0, ...options })
  scores.forEach((score, i) => {
    selector.insert(i + 3, { ...ITEM, score })
  })
  return selector
}

describe('draws are proportional to priority^alpha: chi-square over 100 000', () => {
  for (const alpha of [0, 0.6, 1])
    for (const stratified of [true, false])
      test(`alpha ${alpha}, ${stratified ? 'stratified' : 'independent'}`, () => {
        const selector = filled({ alpha, stratified })
        const rng = new Pcg64(5)
        const picks = picksOf(100)
        const counts = new Float64Array(64)
        for (let k = 0; k < 1000; k++) {
          selector.pick(picks, 100, rng, START)
          for (const slot of picks.slots) counts[slot]!++
        }
        const weights = Float64Array.from({ length: 64 }, (_, slot) => {
          const score = scores[slot - 3]
          return score === undefined || score === 0 ? 0 : score ** alpha
        })
        const total = weights.reduce((a, b) => a + b, 0)
        const drawable = weights.filter((w) => w > 0).length
        const statistic = chiSquare(
          counts,
          weights.map((w) => (100_000 * w) / total),
        )
        expect(statistic).toBeLessThan(chiSquareBound(drawable - 1))
        for (let k = 0; k < 100; k++) expect(picks.probabilities[k]).toBeCloseTo(weights[picks.slots[k]!]! / total, 12)
      })
})

test('with beta = 1, importance weights undo the priorities: exactly, and by drawing', () => {
  const selector = filled({ alpha: 0.7, beta: 1, epsilon: 0.1, normalizeBy: 'globalMin' })
  for (let i = 0; i < 40; i++) selector.update(i + 3, scores[i]!)
  const f = (slot: number) => Math.sin(slot)
  const uniform = scores.reduce((sum, _, i) => sum + f(i + 3), 0) / 40

  const all = picksOf(40)
  const total = scores.reduce((sum, score) => sum + (score + 0.1) ** 0.7, 0)
  for (let i = 0; i < 40; i++) {
    all.slots[i] = i + 3
    all.probabilities[i] = (scores[i]! + 0.1) ** 0.7 / total
  }
  const weights = new Float32Array(4000)
  selector.weights(all, 40, weights, START)
  let numerator = 0
  let denominator = 0
  for (let i = 0; i < 40; i++) {
    numerator += all.probabilities[i]! * weights[i]! * f(i + 3)
    denominator += all.probabilities[i]! * weights[i]!
  }
  expect(numerator / denominator).toBeCloseTo(uniform, 6)
  expect(Math.max(...weights.subarray(0, 40))).toBeCloseTo(1, 6)

  const rng = new Pcg64(6)
  const picks = picksOf(4000)
  numerator = 0
  denominator = 0
  for (let k = 0; k < 50; k++) {
    selector.pick(picks, 4000, rng, START)
    selector.weights(picks, 4000, weights, START)
    for (let j = 0; j < 4000; j++) {
      numerator += weights[j]! * f(picks.slots[j]!)
      denominator += weights[j]!
    }
  }
  expect(Math.abs(numerator / denominator - uniform)).toBeLessThan(0.005)
})

test('weights: beta follows its schedule, and the greatest of the batch is 1', () => {
  const selector = filled({ alpha: 1, beta: 'linear(0, 1)' })
  const picks = picksOf(32)
  const weights = new Float32Array(32)
  selector.pick(picks, 32, new Pcg64(1), START)
  selector.weights(picks, 32, weights, START)
  expect([...weights]).toEqual(Array(32).fill(1))
  selector.weights(picks, 32, weights, { ...START, progress: 0.5 })
  const least = Math.min(...picks.probabilities)
  picks.probabilities.forEach((p, k) => {
    expect(weights[k]).toBeCloseTo((p / least) ** -0.5, 6)
  })
  expect(selector.metrics({ ...START, progress: 0.5 })).toMatchObject({ beta: 0.5 })
  expect(selector.metrics(START)['ess']).toBeGreaterThan(1)
  expect(selector.metrics(START)['ess']).toBeLessThan(32)
})

test('new items get the running maximum, the current one, or one', () => {
  for (const [newPriority, expected] of [
    ['runningMax', 9],
    ['currentMax', 4],
    ['one', 1],
  ] as const) {
    const selector = new ProportionalSelector(8, { epsilon: 0, newPriority })
    selector.insert(0, ITEM)
    expect(selector.priority(0)).toBe(1)
    selector.update(0, 9)
    selector.insert(1, ITEM)
    selector.update(1, 4)
    selector.remove(0)
    selector.insert(2, ITEM)
    expect(selector.priority(2)).toBe(expected)
    // The slot's own old priority is gone when it is inserted anew.
    selector.update(2, 7)
    selector.insert(2, ITEM)
    expect(selector.priority(2)).toBe(expected)
  }
})

test('of equal slots in one update the last wins; slots that are not live are ignored', () => {
  const selector = new ProportionalSelector(8, { epsilon: 0.5 })
  selector.insert(0, ITEM)
  selector.updateAll(Int32Array.of(0, 5, 0), [3, 9, 2], 3)
  selector.update(6, 1)
  expect([selector.priority(0), selector.size]).toEqual([2.5, 1])
})

test('priority 0 is present but not drawable; where all are 0 the draw is uniform and counted', () => {
  for (const alpha of [0, 0.6]) {
    const selector = new ProportionalSelector(50, { alpha, epsilon: 0 })
    for (let i = 10; i < 30; i++) selector.insert(i, { ...ITEM, score: i === 17 ? 1 : 0 })
    const picks = picksOf(20)
    selector.pick(picks, 20, new Pcg64(1), START)
    expect(new Set(picks.slots)).toEqual(new Set([17]))
    expect(selector.metrics(START)).toMatchObject({ uniform_picks: 0 })
    selector.update(17, 0)
    const counts = new Float64Array(50)
    const rng = new Pcg64(2)
    for (let k = 0; k < 1000; k++) {
      selector.pick(picks, 20, rng, START)
      for (const slot of picks.slots) counts[slot]!++
    }
    const expected = Float64Array.from({ length: 50 }, (_, i) => (i >= 10 && i < 30 ? 1000 : 0))
    expect(chiSquare(counts, expected)).toBeLessThan(chiSquareBound(19))
    expect(picks.probabilities[0]).toBe(1 / 20)
    expect(selector.metrics(START)).toMatchObject({ uniform_picks: 1000 })
  }
})

test('what is no priority is refused with the slot, and changes nothing', () => {
  const selector = new ProportionalSelector(8)
  for (let slot = 0; slot < 8; slot++) selector.insert(slot, ITEM)
  const before = selector.state()
  for (const bad of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    expect(() => selector.update(3, bad)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_SCORE' }))
    expect(() => selector.updateAll(Int32Array.of(1, 2), [5, bad], 2)).toThrow(/slot 2/)
    expect(() => selector.insert(3, { ...ITEM, score: bad })).toThrow(/finite number >= 0/)
  }
  expect(selector.state()).toEqual(before)
})

test('priorities beyond what a double can hold to alpha do not break the draw', () => {
  const selector = new ProportionalSelector(4, { alpha: 3, epsilon: 0 })
  for (let slot = 0; slot < 4; slot++) selector.insert(slot, { ...ITEM, score: slot < 2 ? 1e300 : 1e-300 })
  const picks = picksOf(64)
  selector.pick(picks, 64, new Pcg64(1), START)
  expect(new Set(picks.slots)).toEqual(new Set([0, 1]))
  expect(picks.probabilities[0]).toBeCloseTo(0.5, 12)
})

test('another alpha: as if it had been so from the start', () => {
  const selector = filled({ alpha: 0.3 })
  const other = filled({ alpha: 0.9 })
  selector.setAlpha(0.9)
  const [a, b] = [picksOf(50), picksOf(50)]
  selector.pick(a, 50, new Pcg64(8), START)
  other.pick(b, 50, new Pcg64(8), START)
  expect(a).toEqual(b)
})

test('entropy is 1 for equal priorities, 0 for one that has all', () => {
  const selector = new ProportionalSelector(16, { alpha: 1, epsilon: 0 })
  for (let slot = 0; slot < 16; slot++) selector.insert(slot, ITEM)
  expect(selector.metrics(START)['priority_entropy']).toBeCloseTo(1, 12)
  for (let slot = 1; slot < 16; slot++) selector.update(slot, 0)
  expect(selector.metrics(START)['priority_entropy']).toBe(0)
})

test('options out of range are refused by name; nothing stored is refused', () => {
  for (const options of [{ alpha: -1 }, { beta: 2 }, { beta: 'linear(0.4, 1.5)' }, { epsilon: Number.NaN }])
    expect(() => new ProportionalSelector(8, options)).toThrow(`'${Object.keys(options)[0]}'`)
  expect(() => new ProportionalSelector(0)).toThrow(/capacitySlots = 0/)
  expect(() => new ProportionalSelector(8).pick(picksOf(1), 1, new Pcg64(1), START)).toThrow(
    expect.objectContaining({ code: 'RPR_REPLAY_EMPTY' }),
  )
})
