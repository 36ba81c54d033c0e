import { allocateColumns, box, dict, discrete, leaf, Pcg64, type RepriseError, type Space, tuple } from '@reprise/core'
import { expect, test } from 'vitest'
import type { StoreSchema } from '../schema.ts'
import { History, schema } from '../testing/history.ts'
import { RingStore } from './ring-store.ts'
import type { VectorStep } from './vector-step.ts'

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as RepriseError).code
  }
  return 'none'
}

const never = { terminated: 0, truncated: 0, skipped: 0 }

test('a store that needs more memory than allowed is refused with the byte count, before it is allocated', () => {
  const images: StoreSchema = {
    observation: [leaf('', 'uint8', [84, 84])],
    fields: { action: { dtype: 'int32', shape: [] } },
  }
  const perSlot = 84 * 84 + 4 + 13
  const bytes = (1e9 + 8) * perSlot + 78 * (84 * 84 + 29)
  expect(() => new RingStore(images, { capacity: 1e9, streams: 8, maxBytes: 1e9 })).toThrow(`(${bytes} bytes)`)
  expect(codeOf(() => new RingStore(images, { capacity: 1e9, streams: 8 }))).toBe('RPR_REPLAY_TOO_LARGE')
  expect(codeOf(() => new RingStore(schema, { capacity: 2 ** 31, streams: 1, maxBytes: 1e15 }))).toBe(
    'RPR_REPLAY_TOO_LARGE',
  )
  expect(codeOf(() => new RingStore(schema, { capacity: 0, streams: 1 }))).toBe('RPR_OPTION_RANGE')
  expect(codeOf(() => new RingStore(schema, { capacity: 8, streams: 1.5 }))).toBe('RPR_OPTION_RANGE')
})

test('final observations that would go beyond the allowed memory are refused before anything is stored', () => {
  const free = new RingStore(schema, { capacity: 500, streams: 1 })
  const store = new RingStore(schema, { capacity: 500, streams: 1, maxBytes: free.bytes + 100 })
  const history = new History(1, new Pcg64(1), { ...never, terminated: 1 }, false)
  const before = { code: 'none', size: 0 }
  for (let i = 0; i < 500 && before.code === 'none'; i++) {
    before.size = store.size
    before.code = codeOf(() => store.add(history.advance()))
  }
  expect(before.code).toBe('RPR_REPLAY_TOO_LARGE')
  expect(store.size).toBe(before.size)
  expect(store.bytes).toBeLessThanOrEqual(free.bytes + 100)
})

test('without a limit the table of final observations grows as far as episodes of one step need', () => {
  const store = new RingStore(schema, { capacity: 500, streams: 3 })
  const history = new History(3, new Pcg64(1), { ...never, truncated: 1 }, false)
  for (let i = 0; i < 2000; i++) store.add(history.advance())
  expect(store.size).toBe(store.capacity)
  expect(store.episodes.rows - store.episodes.freeCount).toBe(store.capacity)
})

test('Dict and Tuple observations of every column type come back as they went in', () => {
  const space = dict({
    camera: box({ low: 0, high: 255, shape: [3, 5, 5], dtype: 'uint8' }),
    pose: tuple([box({ low: -1, high: 1, shape: [2], dtype: 'float64' }), discrete(7, { start: -3 })]),
    speed: box({ low: -1, high: 1, shape: [], dtype: 'float32' }),
  }) as Space
  space.seed(4)
  const fields = { alive: { dtype: 'bool', shape: [4] } } as const
  const store = new RingStore({ observation: space.leaves, fields }, { capacity: 40, streams: 2 })
  const values = Array.from({ length: 31 }, () => [space.sample(), space.sample()])
  const columns = values.map((pair) => {
    const rows = allocateColumns(space.leaves, 2)
    for (const [row, value] of pair.entries()) space.write(value, rows, row)
    return rows
  })
  for (let t = 0; t < 30; t++) {
    store.add({
      observation: columns[t]!,
      nextObservation: columns[t + 1]!,
      finalObservation: columns[t + 1]!,
      fields: { alive: [1, 0, 1, t % 2, 0, 0, 1, 1] },
      reward: [t, -t],
      terminated: [t % 7 === 6 ? 1 : 0, 0],
      truncated: [0, 0],
    })
  }
  const row = allocateColumns(space.leaves, 1)
  for (let stream = 0; stream < 2; stream++) {
    let slot = store.previous(store.heads[stream]!)
    for (let t = 29; t >= 10; t--, slot = store.previous(slot)) {
      store.copyObservation(slot, row, 0)
      expect(space.read(row, 0)).toEqual(values[t]![stream])
      store.copyNextObservation(slot, row, 0)
      expect(space.read(row, 0)).toEqual(values[t + 1]![stream])
      expect(store.rewards[slot]).toBe(stream === 0 ? t : -t)
      expect([...(store.fields[0]!.data as Uint8Array).subarray(4 * slot, 4 * slot + 4)]).toEqual(
        stream === 0 ? [1, 0, 1, t % 2] : [0, 0, 1, 1],
      )
    }
  }
})

test('columns that are missing or of the wrong length are refused by name, and nothing is stored', () => {
  const store = new RingStore(schema, { capacity: 10, streams: 2 })
  const step = new History(2, new Pcg64(1), never, false).advance()
  const bad: [Partial<VectorStep>, RegExp][] = [
    [{ reward: [1] }, /reward has 1 elements, not 2/],
    [{ fields: { ...step.fields, action: [1] } }, /fields\.action has 1/],
    [{ fields: { mask: step.fields['mask']!, action: [1, 2] } }, /fields\.memory is missing/],
    [{ nextFields: undefined }, /nextFields\.mask is missing/],
    [{ finalFields: {} }, /finalFields\.mask is missing/],
    [{ observation: step.observation.slice(1) }, /observation: leaves has 1/],
    [{ nextObservation: allocateColumns(schema.observation, 3) }, /nextObservation\.pose\/0 has 6/],
    [{ skipped: [0, 0, 0] }, /skipped has 3/],
    [{ keys: ['a'] }, /keys has 1/],
  ]
  for (const [part, message] of bad) {
    expect(() => store.add({ ...step, ...part })).toThrow(message)
    expect(codeOf(() => store.add({ ...step, ...part }))).toBe('RPR_SHAPE')
  }
  expect(codeOf(() => store.add({ ...step, keys: [[1, -1], undefined] }))).toBe('RPR_OPTION_RANGE')
  expect(codeOf(() => store.add({ ...step, keys: [[1, 2, 3, 4, 5], undefined] }))).toBe('RPR_OPTION_RANGE')
  expect([store.size, store.keys.size]).toEqual([0, 0])
})

test('keyed adds: what is delivered again is a no-op, also after a restore and after its eviction', () => {
  const history = new History(2, new Pcg64(3), { ...never, terminated: 0.2 }, true)
  let store = new RingStore(schema, { capacity: 20, streams: 2 })
  // Of every step a copy is kept, to be delivered late.
  const late: VectorStep[] = []
  for (let i = 0; i < 25; i++) {
    const step = history.advance()
    late.push(structuredClone(step))
    expect(store.add(step)).toEqual({ stored: 2, duplicates: 0, skipped: 0 })
  }
  const before = store.state()
  // The window holds 40 keys, those of the last 20 steps; of these the last 10 are live.
  expect(store.keys.window).toBe(40)
  for (const step of late.slice(-20)) expect(store.add(step)).toMatchObject({ stored: 0, duplicates: 2 })
  expect(store.state()).toEqual(before)
  const restored = new RingStore(schema, { capacity: 20, streams: 2 })
  restored.load(before)
  expect(restored.state()).toEqual(before)
  store = restored
  for (const step of late.slice(-20)) expect(store.add(step)).toMatchObject({ stored: 0, duplicates: 2 })
  expect(store.state()).toEqual(before)
})

test('an interrupt keeps the waiting observation as the final one and is told once', () => {
  const store = new RingStore(schema, { capacity: 20, streams: 2 })
  const history = new History(2, new Pcg64(3), never, false)
  expect(store.interrupt()).toBe(0)
  for (let i = 0; i < 4; i++) store.add(history.advance())
  expect(store.interrupt()).toBe(2)
  expect(store.changes.endedCount).toBe(2)
  expect(store.interrupt()).toBe(0)
  const row = allocateColumns(schema.observation, 1)
  for (let s = 0; s < 2; s++) {
    const last = store.previous(store.heads[s]!)
    expect(store.isWhole(store.episodeOf(last))).toBe(true)
    store.copyNextObservation(last, row, 0)
    expect(row[0]!.data[0]).toBe(history.streams[s]!.at(-1)!.next)
  }
})

test('a saved store of another schema, size or with wrong arrays is refused, and the store stays as it was', () => {
  const filled = (capacity: number, streams: number) => {
    const store = new RingStore(schema, { capacity, streams })
    const history = new History(streams, new Pcg64(3), { ...never, truncated: 0.3 }, false)
    for (let i = 0; i < 30; i++) store.add(history.advance())
    return store
  }
  const store = filled(20, 2)
  const before = store.state()
  expect(codeOf(() => store.load(filled(21, 3).state()))).toBe('RPR_STATE_MISMATCH')
  expect(codeOf(() => store.load(filled(40, 2).state()))).toBe('RPR_STATE_MISMATCH')
  const other = new RingStore({ ...schema, fields: {} }, { capacity: 20, streams: 2 })
  expect(codeOf(() => store.load(other.state()))).toBe('RPR_STATE_MISMATCH')
  const saved = before as Record<string, never>
  for (const name of Object.keys(saved)) {
    for (const value of [null, -1, new Int32Array(3), 'x', {}])
      expect(codeOf(() => store.load({ ...saved, [name]: value }))).toBe('RPR_STATE_MISMATCH')
  }
  expect(store.state()).toEqual(before)
})
