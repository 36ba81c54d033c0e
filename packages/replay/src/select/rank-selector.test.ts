import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { ITEM, picksOf } from '../testing/drive.ts'
import { chiSquare, chiSquareBound } from '../testing/statistics.ts'
import { RankSelector } from './rank-selector.ts'

test('draws follow rank^-alpha, the greatest score first, whatever the scores are', () => {
  for (const stratified of [true, false]) {
    const selector = new RankSelector(64, { alpha: 0.7, epsilon: 0, stratified })
    for (let slot = 0; slot < 40; slot++) selector.insert(slot, ITEM)
    for (let slot = 0; slot < 40; slot++) selector.update(slot, Math.exp((slot * 17) % 40))
    const rng = new Pcg64(4)
    const picks = picksOf(100)
    const counts = new Float64Array(40)
    for (let k = 0; k < 1000; k++) {
      selector.pick(picks, 100, rng, START)
      for (const slot of picks.slots) counts[slot]!++
    }
    const mass = Float64Array.from({ length: 40 }, (_, slot) => (40 - ((slot * 17) % 40)) ** -0.7)
    const total = mass.reduce((a, b) => a + b)
    expect(
      chiSquare(
        counts,
        mass.map((m) => (100_000 * m) / total),
      ),
    ).toBeLessThan(chiSquareBound(39))
    for (let k = 0; k < 100; k++) expect(picks.probabilities[k]).toBeCloseTo(mass[picks.slots[k]!]! / total, 12)
  }
})

test('the array stays a heap: the greatest score is always rank 1, and ranks settle when it is sorted', () => {
  const rng = new Pcg64(5)
  const selector = new RankSelector(100, { alpha: 50, epsilon: 0, beta: 1 })
  const scores = new Map<number, number>()
  const picks = picksOf(1)
  for (let k = 0; k < 1500; k++) {
    const slot = rng.integers(100)
    if (rng.integers(4) === 0) {
      selector.remove(slot)
      scores.delete(slot)
    } else {
      scores.set(slot, rng.random() * 10)
      selector.insert(slot, { ...ITEM, score: scores.get(slot)! })
    }
    expect(selector.size).toBe(scores.size)
    if (scores.size === 0) continue
    selector.pick(picks, 1, rng, START)
    expect(scores.get(picks.slots[0]!)).toBe(Math.max(...scores.values()))
  }
})

test('global weights are 1 for the last rank', () => {
  const selector = new RankSelector(8, { alpha: 1, beta: 1, normalizeBy: 'globalMin' })
  for (let slot = 0; slot < 8; slot++) selector.insert(slot, { ...ITEM, score: 8 - slot })
  const picks = picksOf(200)
  const weights = new Float32Array(200)
  selector.pick(picks, 200, new Pcg64(1), START)
  selector.weights(picks, 200, weights, START)
  for (let k = 0; k < 200; k++) expect(weights[k]).toBeCloseTo((picks.slots[k]! + 1) / 8, 6)
})
