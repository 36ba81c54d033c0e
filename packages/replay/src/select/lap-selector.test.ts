import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { ITEM, picksOf } from '../testing/drive.ts'
import { LapSelector } from './lap-selector.ts'

/** Derivative of the Huber loss with threshold `floor`. */
const huberSlope = (x: number, floor: number) => (Math.abs(x) < floor ? x : floor * Math.sign(x))

/** Derivative of the PAL loss (Fujimoto et al. 2020), before its division by the mean priority. */
const palSlope = (x: number, floor: number, alpha: number) =>
  Math.abs(x) < floor ? floor ** alpha * x : floor * Math.sign(x) * Math.abs(x) ** alpha

test('the expected gradient of LAP under its draws is that of PAL under uniform draws', () => {
  const rng = new Pcg64(3)
  for (const [alpha, floor] of [
    [0.4, 1],
    [0.6, 0.01],
    [1, 2],
    [0, 1],
  ] as const) {
    const errors = Array.from({ length: 50 }, () => 3 * rng.normal())
    const selector = new LapSelector(50, { alpha, floor })
    errors.forEach((error, slot) => {
      selector.insert(slot, ITEM)
      selector.update(slot, Math.abs(error))
    })
    // Each item's probability as the selector tells it, by drawing until all have been seen.
    const probabilities = new Float64Array(50)
    const picks = picksOf(2000)
    selector.pick(picks, 2000, rng, START)
    for (let k = 0; k < 2000; k++) probabilities[picks.slots[k]!] = picks.probabilities[k]!
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 10)
    const lap = errors.reduce((sum, x, i) => sum + probabilities[i]! * huberSlope(x, floor), 0)
    const meanPriority = errors.reduce((sum, x) => sum + Math.max(Math.abs(x), floor) ** alpha, 0) / 50
    const pal = errors.reduce((sum, x) => sum + palSlope(x, floor, alpha), 0) / 50 / meanPriority
    // For |x| >= floor the PAL slope carries floor once, as Huber's does.
    expect(lap).toBeCloseTo(pal, 10)
  }
})

test('priorities never fall below the floor, and new items get the greatest so far', () => {
  const selector = new LapSelector(4, { alpha: 1, floor: 0.5 })
  selector.insert(0, ITEM)
  selector.insert(1, ITEM)
  selector.updateAll(Int32Array.of(0, 1), [0, 3], 2)
  selector.insert(2, ITEM)
  const picks = picksOf(100)
  selector.pick(picks, 100, new Pcg64(1), START)
  const of = (slot: number) => picks.probabilities[picks.slots.indexOf(slot)]
  expect([of(0), of(1), of(2)].map((p) => p! * 6.5)).toEqual([0.5, 3, 3].map((p) => expect.closeTo(p, 10)))
  expect(() => new LapSelector(4, { floor: 0 })).toThrow(/'floor' = 0/)
  expect(() => selector.update(0, -1)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_SCORE' }))
})
