import { Pcg64, type RepriseError } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { chooseEpisodes, type EpisodeChoice } from './choose-episodes.ts'
import { KeyedStore } from './keyed-store.ts'
import type { StoredEpisode } from './stored-episode.ts'

const episode = (key: string, given: Partial<StoredEpisode> = {}): StoredEpisode => ({
  key,
  columns: {
    action: Int32Array.of(1, 2, 3),
    logProb: Float32Array.of(-1, -2, -3),
    token: Uint8Array.of(1, 2, 3, 4, 5, 6),
  },
  ...{ length: 3, return: 1, outcome: Number.NaN, policyVersion: 0 },
  ...given,
})

const code = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as RepriseError).code
  }
  return 'no error'
}

const keysOf = (episodes: readonly StoredEpisode[]) => episodes.map(({ key }) => key)

describe('a keyed store', () => {
  it('keeps the newest of each key, as ARPO does: 8 per task with a return above 0.1', () => {
    const store = new KeyedStore({ perKey: 8, admitAbove: 0.1 })
    for (let i = 0; i < 12; i++) {
      expect(store.add('task-a', episode(`a${i}`, { return: 0.2 + i }))).toBe('stored')
      expect(store.add('task-b', episode(`b${i}`, { return: 0.1 }))).toBe('refused')
    }
    expect(keysOf(store.get('task-a'))).toEqual(['a4', 'a5', 'a6', 'a7', 'a8', 'a9', 'a10', 'a11'])
    expect([store.count('task-b'), store.groups, store.size]).toEqual([0, ['task-a'], 8])
    expect(store.metrics()).toEqual({ size: 8, keys: 1, bytes: 8 * 30, refused: 12, duplicates: 0, evicted: 4 })
  })

  it('keeps the order of its keys over a checkpoint, though the first of one has given up its oldest episode', () => {
    const store = new KeyedStore({ perKey: 2 })
    for (const [group, key] of ['a1', 'b1', 'a2', 'a3'].map((key) => [key[0]!, key])) store.add(group!, episode(key!))
    expect(store.groups).toEqual(['a', 'b'])
    const state = store.state() as Record<string, never>
    const copy = new KeyedStore({ perKey: 2 })
    copy.load(state)
    expect(copy.groups).toEqual(['a', 'b'])
    expect(['a', 'b'].map((group) => keysOf(copy.get(group)))).toEqual([['a2', 'a3'], ['b1']])
    for (const order of [['a'], ['a', 'c'], 'ab'])
      expect(code(() => copy.load({ ...state, order }))).toBe('RPR_STATE_MISMATCH')
    expect(copy.size).toBe(3)
  })

  it('does not store a key twice, not even after it was given up', () => {
    const store = new KeyedStore({ perKey: 1 })
    expect([store.add(7, episode('x')), store.add(7, episode('x')), store.add(8, episode('x'))]).toEqual([
      'stored',
      'duplicate',
      'duplicate',
    ])
    expect(store.add(7, episode('y'))).toBe('stored')
    expect(store.add(7, episode('x'))).toBe('duplicate')
    expect(keysOf(store.get(7))).toEqual(['y'])
    const forgetful = new KeyedStore({ perKey: 1, keyWindow: 1 })
    for (const key of ['x', 'y']) forgetful.add(7, episode(key))
    expect(forgetful.add(7, episode('x'))).toBe('stored')
  })

  it('reuse, no window, rows out of a batch: holds what a plain store holds, whatever the lengths and kinds', () => {
    const rng = new Pcg64(3)
    const plain = new KeyedStore({ perKey: 3, total: 20 })
    const lean = new KeyedStore({ perKey: 3, total: 20, keyWindow: 0, reuse: true })
    for (let i = 0; i < 400; i++) {
      // Lengths drift, as episodes get longer in training.
      const [length, rows] = [1 + rng.integers(4) + Math.floor(i / 100), 400]
      const from = rng.integers(rows - length)
      const values = Float32Array.from({ length: 100 * rows }, (_, k) => i + k)
      // One column of many elements per row, one of few.
      // Now and then of another kind, or under another name: nothing of the former layout may be written over.
      const Kind = i % 90 < 60 ? Int32Array : Uint8Array
      const narrow = i % 130 < 100 ? 'narrow' : 'other'
      const batch = { wide: values, [narrow]: new Kind(rows).map((_, k) => i * k) }
      const columns = {
        wide: batch.wide.slice(100 * from, 100 * (from + length)),
        [narrow]: batch[narrow]!.slice(from, from + length),
      }
      const group = rng.integers(9)
      const { columns: _, ...fields } = episode(String(i), { length })
      plain.add(group, { ...fields, columns })
      lean.addRows(group, fields, { columns: batch, rows, from })
      if (i % 50 === 7 && plain.size > 0) {
        const { key } = [...plain.episodes()][0]!
        expect([plain.remove(key), lean.remove(key)]).toEqual([true, true])
      }
      if (i % 20 === 0) expect(lean.get(group)).toEqual(plain.get(group))
    }
    expect([...lean.episodes()]).toEqual([...plain.episodes()])
    expect([lean.bytes, lean.metrics()]).toEqual([plain.bytes, plain.metrics()])
    // Either kind reads the other's state.
    const [a, b] = [new KeyedStore({ perKey: 3, total: 20 }), new KeyedStore({ perKey: 3, keyWindow: 0 })]
    a.load(structuredClone(lean.state()))
    b.load(structuredClone(plain.state()))
    expect([...a.episodes()]).toEqual([...b.episodes()])
    const [known] = [...a.episodes()]
    expect([a.add('x', known!), b.add('x', known!)]).toEqual(['duplicate', 'duplicate'])
  })

  it('gives up the oldest of all where there are too many, or too many bytes', () => {
    for (const store of [new KeyedStore({ total: 3 }), new KeyedStore({ maxBytes: 3 * 30 + 10 })]) {
      for (const [i, group] of ['a', 'b', 'a', 'c', 'b'].entries()) store.add(group, episode(`e${i}`))
      expect([store.size, store.bytes]).toEqual([3, 90])
      expect(store.groups.map((group) => keysOf(store.get(group)))).toEqual([['e2'], ['e3'], ['e4']])
    }
    expect(code(() => new KeyedStore({ maxBytes: 20 }).add('a', episode('e')))).toBe('RPR_REPLAY_TOO_LARGE')
  })

  it('keeps a copy, and episodes of any length', () => {
    const store = new KeyedStore()
    const columns = { action: Int32Array.of(5, 6) }
    store.add('a', episode('one', { columns, length: 2 }))
    columns.action.fill(0)
    store.add('a', episode('two', { columns: { action: new Int32Array(7) }, length: 7 }))
    expect([...store.get('a')[0]!.columns['action']!]).toEqual([5, 6])
    expect(store.bytes).toBe(36)
  })

  it('tells keys that are numbers from their texts', () => {
    const store = new KeyedStore()
    store.add(1, episode('one'))
    store.add('1', episode('two'))
    expect([keysOf(store.get(1)), keysOf(store.get('1'))]).toEqual([['one'], ['two']])
  })

  it('is the same after loading, and goes on the same', () => {
    const make = () => new KeyedStore({ perKey: 3, total: 7, admitAbove: 0 })
    const random = new Pcg64(3)
    const play = (store: KeyedStore, rng: Pcg64, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => {
        const group = rng.integers(4)
        const key = `e${from + i - rng.integers(2)}`
        const given = { return: rng.integers(5), outcome: rng.integers(2), policyVersion: from + i }
        return [store.add(group, episode(key, given)), keysOf(store.choose(rng.integers(4), 2, 'random', rng))]
      })
    const store = make()
    play(store, random, 0, 40)
    const copy = make()
    copy.load(store.state())
    expect(copy.state()).toEqual(store.state())
    expect([copy.size, copy.bytes]).toEqual([store.size, store.bytes])
    const [a, b] = [random.clone(), random.clone()]
    expect(play(copy, a, 40, 120)).toEqual(play(store, b, 40, 120))
    expect(copy.state()).toEqual(store.state())
  })

  it('refuses states that do not fit, and keeps what it has', () => {
    const full = new KeyedStore({ perKey: 3 })
    for (let i = 0; i < 3; i++) full.add('a', episode(`e${i}`))
    const state = full.state() as Record<string, never>
    const store = new KeyedStore({ perKey: 2 })
    store.add('b', episode('mine'))
    const before = store.state()
    expect(code(() => store.load(state))).toBe('RPR_STATE_MISMATCH')
    const roomy = () => new KeyedStore({ perKey: 3 })
    expect(code(() => new KeyedStore({ perKey: 3, total: 2 }).load(state))).toBe('RPR_STATE_MISMATCH')
    expect(code(() => new KeyedStore({ perKey: 3, maxBytes: 80 }).load(state))).toBe('RPR_STATE_MISMATCH')
    for (const wrong of [
      null,
      { ...state, names: ['e0', 'e0', 'e1'] },
      { ...state, names: ['e0'] },
      { ...state, groups: [null, 'a', 'a'] },
      { ...state, lengths: Float64Array.of(2, 3, 3) },
      { ...state, outcomes: Float64Array.of(2, 0, 0) },
      { ...state, columns: [{}, {}, { action: [1] }] },
      { ...state, keys: null },
    ])
      expect(code(() => roomy().load(wrong as never))).toBe('RPR_STATE_MISMATCH')
    expect(store.state()).toEqual(before)
  })

  it('refuses options and episodes that make no sense', () => {
    for (const options of [
      { perKey: 0 },
      { total: 1.5 },
      { maxBytes: 0 },
      { keyWindow: -1 },
      { admitAbove: Number.NaN },
    ])
      expect(code(() => new KeyedStore(options))).toBe('RPR_OPTION_RANGE')
    const store = new KeyedStore()
    for (const given of [{ length: 0 }, { return: Number.NaN }, { outcome: 2 }, { policyVersion: -1 }, { key: '' }])
      expect(code(() => store.add('a', episode('e', given)))).toBe('RPR_OPTION_RANGE')
    expect(code(() => store.add('a', episode('e', { length: 2 })))).toBe('RPR_SHAPE')
    expect(code(() => store.choose('a', -1, 'newest', new Pcg64(0)))).toBe('RPR_OPTION_RANGE')
    expect(store.size).toBe(0)
  })
})

describe('choosing episodes', () => {
  const returns = [3, 1, 5, 2, 5, 0]
  const episodes = returns.map((value, i) => episode(`e${i}`, { return: value }))
  const choose = (k: number, choice: EpisodeChoice, from = episodes) =>
    keysOf(chooseEpisodes(from, k, choice, new Pcg64(1)))

  it('newest and highest, the newer of equals first', () => {
    expect(choose(3, 'newest')).toEqual(['e5', 'e4', 'e3'])
    expect(choose(3, 'highest')).toEqual(['e4', 'e2', 'e0'])
    expect(choose(99, 'newest')).toHaveLength(6)
  })

  it('the most varied: of all sets of k the one of greatest variance', () => {
    const rng = new Pcg64(4)
    const varianceOf = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    }
    for (let trial = 0; trial < 200; trial++) {
      const values = Array.from({ length: 7 }, () => rng.integers(trial % 2 === 0 ? 3 : 100))
      const all = values.map((value, i) => episode(`e${i}`, { return: value }))
      const k = 1 + rng.integers(7)
      let most = 0
      for (let set = 0; set < 128; set++) {
        const chosen = values.filter((_, i) => (set >> i) & 1)
        if (chosen.length === k) most = Math.max(most, varianceOf(chosen))
      }
      const chosen = chooseEpisodes(all, k, 'maxVariance', rng)
      expect(new Set(keysOf(chosen)).size).toBe(k)
      expect(varianceOf(chosen.map((e) => e.return))).toBeCloseTo(most, 9)
    }
    expect(choose(4, 'maxVariance')).toEqual(['e4', 'e2', 'e1', 'e5'])
  })

  it('uniform and random ones with equal probability, random ones without repeats', () => {
    const rng = new Pcg64(2)
    for (const choice of ['uniform', 'random'] as const) {
      const counts = new Map<string, number>()
      for (let i = 0; i < 6000; i++) {
        const chosen = keysOf(chooseEpisodes(episodes, 2, choice, rng))
        if (choice === 'random') expect(chosen[0]).not.toBe(chosen[1])
        for (const key of chosen) counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      let chi = 0
      for (const count of counts.values()) chi += (count - 2000) ** 2 / 2000
      // The 0.999 quantile at 5 degrees of freedom.
      expect(chi).toBeLessThan(20.5)
    }
  })

  it('none of none', () => {
    for (const choice of ['uniform', 'random', 'newest', 'highest', 'maxVariance'] as const)
      expect(choose(3, choice, [])).toEqual([])
  })
})
