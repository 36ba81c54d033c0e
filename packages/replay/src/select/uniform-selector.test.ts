import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { ITEM, picksOf } from '../testing/drive.ts'
import { chiSquare, chiSquareBound } from '../testing/statistics.ts'
import { UniformSelector } from './uniform-selector.ts'

function filled(options?: ConstructorParameters<typeof UniformSelector>[1]) {
  const selector = new UniformSelector(30, options)
  for (let slot = 0; slot < 30; slot++) selector.insert(slot, ITEM)
  for (let slot = 0; slot < 30; slot += 3) selector.remove(slot)
  return selector
}

const live = Float64Array.from({ length: 30 }, (_, slot) => (slot % 3 === 0 ? 0 : 1))

test('every live slot equally often, with and without replacement', () => {
  for (const replacement of [true, false]) {
    const selector = filled({ replacement })
    const rng = new Pcg64(1)
    const counts = new Float64Array(30)
    const first = new Float64Array(30)
    const picks = picksOf(5)
    for (let k = 0; k < 20_000; k++) {
      selector.pick(picks, 5, rng, START)
      for (const slot of picks.slots) counts[slot]!++
      first[picks.slots[0]!]!++
    }
    expect(
      chiSquare(
        counts,
        live.map((l) => l * 5000),
      ),
    ).toBeLessThan(chiSquareBound(19))
    expect(
      chiSquare(
        first,
        live.map((l) => l * 1000),
      ),
    ).toBeLessThan(chiSquareBound(19))
    expect([...picks.probabilities]).toEqual(Array(5).fill(1 / 20))
  }
})

test('without replacement no slot comes twice, up to all of them', () => {
  const selector = filled({ replacement: false })
  const rng = new Pcg64(2)
  for (let k = 0; k < 200; k++) {
    const count = 1 + (k % 20)
    const picks = picksOf(count)
    selector.pick(picks, count, rng, START)
    expect(new Set(picks.slots).size).toBe(count)
    if (count === 20) expect(live.every((l, slot) => (l === 1) === picks.slots.includes(slot))).toBe(true)
  }
})

test('without replacement, more rows than items are refused, or repeat items as evenly as can be', () => {
  expect(() => filled({ replacement: false }).pick(picksOf(21), 21, new Pcg64(1), START)).toThrow(
    expect.objectContaining({ code: 'RPR_REPLAY_EMPTY', value: 20 }),
  )
  const picks = picksOf(50)
  filled({ replacement: false, short: 'repeat' }).pick(picks, 50, new Pcg64(1), START)
  const counts = new Float64Array(30)
  for (const slot of picks.slots) counts[slot]!++
  for (let slot = 0; slot < 30; slot++) {
    if (slot % 3 === 0) expect(counts[slot]).toBe(0)
    else expect([2, 3]).toContain(counts[slot])
  }
})
