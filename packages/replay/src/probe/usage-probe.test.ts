import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { UsageProbe } from './usage-probe.ts'

test('ages of drawn rows, uses of live items: against a plain count', () => {
  const rng = new Pcg64(1)
  let probe = new UsageProbe(12)
  const live = new Map<number, { born: number; uses: number }>()
  let ages: number[] = []
  let usesDrawn: number[] = []
  for (let time = 0; time < 1000; time++) {
    const slot = rng.integers(12)
    if (rng.integers(3) === 0) {
      probe.removed(slot)
      live.delete(slot)
    } else {
      probe.inserted(slot, time)
      live.set(slot, { born: time, uses: 0 })
    }
    const slots = Int32Array.from({ length: 4 }, () => rng.integers(12))
    probe.drawn(slots, 3, time + 5)
    for (const drawn of slots.subarray(0, 3)) {
      const item = live.get(drawn)
      if (item === undefined) continue
      item.uses++
      ages.push(time + 5 - item.born)
      usesDrawn.push(item.uses)
      expect(probe.uses(drawn)).toBeGreaterThanOrEqual(item.uses)
    }
    if (time % 50 === 0) {
      const state = structuredClone(probe.state()) as never
      probe = new UsageProbe(12)
      probe.load(state)
    }
    if (time % 37 !== 0) continue
    const items = [...live.values()]
    const metrics = probe.metrics()
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
    if (ages.length > 0) {
      expect(metrics['age_mean']).toBeCloseTo(mean(ages), 10)
      expect([metrics['age_max'], metrics['uses_max']]).toEqual([Math.max(...ages), Math.max(...usesDrawn)])
    }
    if (items.length > 0) {
      expect(metrics['uses_mean']).toBeCloseTo(mean(items.map(({ uses }) => uses)), 10)
      expect(metrics['never_drawn']).toBeCloseTo(mean(items.map(({ uses }) => (uses === 0 ? 1 : 0))), 10)
    }
    ages = []
    usesDrawn = []
  }
})

test('items that have served their last draw are named once', () => {
  const probe = new UsageProbe(4, { maxUses: 2 })
  const out = new Int32Array(8)
  for (let slot = 0; slot < 4; slot++) probe.inserted(slot, 0)
  const draw = (...slots: number[]) => {
    probe.drawn(Int32Array.from(slots), slots.length, 1)
    return [...out.subarray(0, probe.wornOut(Int32Array.from(slots), slots.length, out))]
  }
  expect(draw(0, 1, 2)).toEqual([])
  expect(draw(1, 3, 1)).toEqual([1])
  probe.removed(1)
  expect(draw(1, 0, 3, 3)).toEqual([0, 3])
  expect(() => new UsageProbe(4, { maxUses: 0 })).toThrow(/'maxUses' = 0/)
  expect(() => probe.load({ items: new Uint32Array(2) })).toThrow(
    expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
  )
})
