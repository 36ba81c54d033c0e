import { Pcg64, type Serializable } from '@reprise/core'
import { describe, expect, test } from 'vitest'
import { START } from '../draw-context.ts'
import { ProportionalSelector } from '../select/proportional-selector.ts'
import { ITEM } from '../testing/drive.ts'
import { chiSquare, chiSquareBound } from '../testing/statistics.ts'
import { ClassBalancedKeep } from './class-balanced-keep.ts'
import { FifoKeep } from './fifo-keep.ts'
import { ItemStore } from './item-store.ts'
import type { Keep, KeptItem } from './keep.ts'
import { KeepTop } from './keep-top.ts'
import { MaxUsesKeep } from './max-uses-keep.ts'
import { ReservoirKeep } from './reservoir-keep.ts'
import { StalenessKeep } from './staleness-keep.ts'
import { SuccessOnlyKeep } from './success-only-keep.ts'

const fields = { id: { dtype: 'int32', shape: [] }, pair: { dtype: 'float32', shape: [2] } } as const

function storeOf(keep: Keep, capacity: number, seed = 1) {
  return new ItemStore({ fields, capacity, keep, rng: new Pcg64(seed) })
}

const offer = (store: ItemStore, id: number, item: Partial<KeptItem> = {}) =>
  store.add({ id: [id], pair: [id, -id] }, { ...ITEM, ...item })

/** The ids stored, in rising order: without replacement would do, but many draws will. */
function ids(store: ItemStore): number[] {
  const state = store.state() as { columns: { id: Int32Array; pair: Float32Array }; live: Int32Array }
  for (const slot of state.live) expect(state.columns.pair[2 * slot + 1]).toBe(-state.columns.id[slot]!)
  return [...state.live].map((slot) => state.columns.id[slot]!).sort((a, b) => a - b)
}

test('fifo: the newest are kept, in slots of those given up', () => {
  const store = storeOf(new FifoKeep(4), 4)
  for (let id = 0; id < 10; id++) {
    const { stored, evicted } = offer(store, id)
    expect(stored).toBeGreaterThanOrEqual(0)
    expect(evicted).toBe(id < 4 ? -1 : stored)
  }
  expect(ids(store)).toEqual([6, 7, 8, 9])
})

test('reservoir: each of n offers is kept with probability C / n', () => {
  const counts = new Float64Array(100)
  for (let run = 0; run < 5000; run++) {
    const keep = new ReservoirKeep(10)
    const rng = new Pcg64(run)
    const held = new Int32Array(10)
    for (let id = 0; id < 100; id++) {
      const full = id >= 10
      const place = keep.place(ITEM, full, rng)
      if (place === -2) continue
      const slot = place === -1 ? id : place
      if (full) keep.removed(slot)
      keep.stored(slot, ITEM)
      held[slot] = id
    }
    for (const id of held) counts[id]!++
    expect(keep.seen).toBe(100)
  }
  // The inclusions of one run are not independent: their sum is fixed, which only makes the statistic smaller.
  const variance = 0.9
  expect(chiSquare(counts, Array(100).fill(500)) / variance).toBeLessThan(chiSquareBound(99))
  for (const id of [0, 50, 99]) expect(Math.abs(counts[id]! - 500)).toBeLessThan(4 * Math.sqrt(450))
})

test('class-balanced: after a long stream, classes of any frequency differ by at most one', () => {
  const rng = new Pcg64(3)
  for (const capacity of [10, 31, 100]) {
    const keep = new ClassBalancedKeep(capacity)
    const store = storeOf(keep, capacity)
    for (let id = 0; id < 6_000; id++) {
      const label = Math.min(3, Math.floor(-Math.log2(1 - rng.random()) / 2))
      offer(store, id, { label })
    }
    const counts = [0, 1, 2, 3].map((label) => keep.count(label))
    expect(counts.reduce((a, b) => a + b)).toBe(capacity)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  }
})

test('class-balanced: within a class, early and late items are equally likely', () => {
  const counts = new Float64Array(10)
  for (let run = 0; run < 60; run++) {
    const store = storeOf(new ClassBalancedKeep(20), 20, run)
    for (let id = 0; id < 1000; id++) offer(store, id, { label: id % 2 })
    for (const id of ids(store)) counts[Math.floor(id / 100)]!++
  }
  expect(chiSquare(counts, Array(10).fill(120))).toBeLessThan(chiSquareBound(9))
})

test('keepTop: the best are kept; a newcomer that is no better than the worst is the one given up', () => {
  const store = storeOf(new KeepTop(5), 5)
  const rng = new Pcg64(4)
  const scores: number[] = []
  for (let id = 0; id < 300; id++) {
    const score = rng.integers(200) - 100
    const before = [...scores].sort((a, b) => b - a)
    const { stored } = offer(store, id, { score })
    expect(stored >= 0).toBe(before.length < 5 || score > before[4]!)
    if (stored >= 0) scores.push(score)
    scores.sort((a, b) => b - a).splice(5)
  }
  expect(() => offer(store, 0)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_SCORE' }))
})

test('successOnly: scores above the threshold, and nothing else counts as seen', () => {
  const inner = new ReservoirKeep(3)
  const store = storeOf(new SuccessOnlyKeep(inner, 0.1), 3)
  expect(offer(store, 1, { score: 0.1 }).stored).toBe(-1)
  expect(offer(store, 2, { score: 0.2 }).stored).toBeGreaterThanOrEqual(0)
  expect([ids(store), inner.seen]).toEqual([[2], 1])
  expect(() => offer(store, 3)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_SCORE' }))
})

test('maxUses: an item leaves after the batch of its last use, and a new one starts anew', () => {
  const store = storeOf(new MaxUsesKeep(new FifoKeep(1), 1, 3), 1)
  offer(store, 5)
  const batch = store.allocate(1)
  for (let use = 1; use <= 3; use++) {
    expect(store.size).toBe(1)
    store.draw(batch, START)
    expect([...batch.fields['pair']!]).toEqual([5, -5])
  }
  expect(store.size).toBe(0)
  expect(() => store.draw(batch, START)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_EMPTY' }))
  offer(store, 6)
  store.draw(batch, START)
  expect([store.size, batch.fields['id']![0]]).toEqual([1, 6])
})

test('staleness: items of policies more than maxLag versions old leave and are refused', () => {
  const store = storeOf(new StalenessKeep(new FifoKeep(8), 8, 2), 8)
  for (let version = 0; version < 5; version++) offer(store, version, { policyVersion: version })
  expect(store.expire(4)).toBe(2)
  expect(ids(store)).toEqual([2, 3, 4])
  expect(offer(store, 9, { policyVersion: 1 }).stored).toBe(-1)
  expect(offer(store, 10, { policyVersion: 2 }).stored).toBeGreaterThanOrEqual(0)
  expect(() => offer(store, 11)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_CONFIG' }))
})

test('what was offered under a key is not offered again, kept or not', () => {
  const store = storeOf(new ReservoirKeep(2), 2)
  for (let round = 0; round < 3; round++)
    for (let id = 0; id < 20; id++) store.add({ id: [id], pair: [id, -id] }, ITEM, ['run', id].join('/'))
  expect(store.metrics(START)).toMatchObject({ offered: 20, duplicates: 40, refused: 18 - evictions(store) })
})

const evictions = (store: ItemStore) =>
  (store.state() as { generations: Uint32Array }).generations.reduce((a, b) => a + b) - 2

test('rows with other fields, sizes or labels are refused before anything changes', () => {
  const store = storeOf(new ClassBalancedKeep(2), 2)
  const before = store.state()
  expect(() => store.add({ id: [1] }, ITEM, 'a')).toThrow(/'pair' of an item has no elements/)
  expect(() => store.add({ id: [1], pair: [1] }, ITEM, 'a')).toThrow(expect.objectContaining({ code: 'RPR_SHAPE' }))
  expect(() => store.add({ id: [1], pair: [1, 2], more: [1] }, ITEM, 'a')).toThrow(/'more'/)
  expect(() => store.add({ id: [1], pair: [1, 2] }, ITEM, 'a')).toThrow(/label/)
  expect(store.state()).toEqual(before)
})

test('a draw by score gets feedback; what has left since is ignored and counted', () => {
  const store = new ItemStore({
    fields,
    capacity: 2,
    keep: new FifoKeep(2),
    draw: new ProportionalSelector(2, { epsilon: 0, beta: 1 }),
    rng: new Pcg64(1),
  })
  offer(store, 1)
  offer(store, 2)
  const batch = store.allocate(16)
  store.draw(batch, START)
  offer(store, 3)
  const stale = [...batch.fields['id']!].filter((id) => id === 1).length
  expect(store.feedback(batch, { tdError: Array.from({ length: 16 }, () => -7) })).toEqual({
    applied: 16 - stale,
    stale,
    synthetic: 0,
  })
  expect(() => offer(store, 4, { score: -1 })).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_SCORE' }))
  expect(ids(store)).toEqual([2, 3])
})

describe('after save and restore, everything goes on the same', () => {
  const rules: Record<string, () => Keep> = {
    fifo: () => new FifoKeep(12),
    reservoir: () => new ReservoirKeep(12),
    classBalanced: () => new ClassBalancedKeep(12),
    keepTop: () => new KeepTop(12),
    wrapped: () => new StalenessKeep(new MaxUsesKeep(new SuccessOnlyKeep(new ReservoirKeep(12), -0.5), 12, 3), 12, 40),
  }
  const go = (store: ItemStore, seed: number, operations: number) => {
    const rng = new Pcg64(seed)
    const batch = store.allocate(4)
    const seen: number[] = []
    for (let k = 0; k < operations; k++) {
      const item = { label: rng.integers(3), score: rng.normal(), policyVersion: seed * 1000 + k }
      const key = rng.integers(2) === 0 ? { key: [rng.integers(500)] } : {}
      const report = store.add({ id: [k], pair: [k, -k] }, { ...ITEM, ...item }, key.key)
      seen.push(report.stored, report.evicted, k % 5 === 0 ? store.expire(seed * 1000 + k) : 0)
      if (store.size === 0) continue
      store.draw(batch, START)
      seen.push(...batch.fields['id']!, ...batch.handles.generations)
    }
    return seen
  }
  for (const [name, rule] of Object.entries(rules))
    test(name, () => {
      const original = storeOf(rule(), 12, 7)
      go(original, 1, 300)
      const state = structuredClone(original.state()) as Serializable
      const restored = storeOf(rule(), 12, 8)
      go(restored, 1, 50)
      restored.load(state)
      expect(go(restored, 2, 300)).toEqual(go(original, 2, 300))
      expect(() => storeOf(rule(), 13).load(state)).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
      expect(() => restored.load({})).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
    })
})
