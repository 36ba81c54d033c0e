import { allocateColumns, leaf, Pcg64, type RepriseError } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import type { Batch } from '../batch.ts'
import { createReplay } from '../buffer/create-replay.ts'
import type { Replay } from '../buffer/replay.ts'
import type { DrawConfig } from '../config.ts'
import { START } from '../draw-context.ts'
import { FixedDataset } from './fixed-dataset.ts'
import { Mix } from './mix.ts'
import { shareOut } from './shares.ts'

const LEAVES = [leaf('', 'float32', [2])]
const UNIFORM: DrawConfig = { kind: 'uniform', replacement: true }
const PROPORTIONAL: DrawConfig = {
  ...{ kind: 'proportional', alpha: 1, beta: 1, epsilon: 0, normalizeBy: 'batchMax', newPriority: 'one' },
  stratified: false,
}

/** A replay of `size` transitions whose observations are [mark, number]. */
function replayOf(mark: number, size: number, draw = UNIFORM, seed = mark): Replay {
  const schema = { observation: LEAVES, fields: { action: { dtype: 'int32', shape: [] } } } as const
  const config = { capacity: 64, gamma: 0.9, nSteps: 1, draw, withLatest: false }
  const replay = createReplay(config, schema, 1, new Pcg64(seed))
  fill(replay, mark, 0, size)
  return replay
}

function fill(replay: Replay, mark: number, from: number, to: number): void {
  const at = (step: number) => {
    const columns = allocateColumns(LEAVES, 1)
    columns[0]!.data.set([mark, step])
    return columns
  }
  for (let step = from; step < to; step++) {
    replay.add({
      ...{ observation: at(step), nextObservation: at(step + 1), finalObservation: at(step + 1) },
      ...{ fields: { action: [step] }, reward: [mark], terminated: [0], truncated: [0] },
    })
  }
}

function dataset(mark: number, size: number, synthetic = true): FixedDataset {
  const observation = allocateColumns(LEAVES, size)
  for (let i = 0; i < size; i++) observation[0]!.data.set([mark, i], 2 * i)
  const action = Int32Array.from({ length: size }, (_, i) => i)
  const columns = { observation, nextObservation: observation, fields: { action }, reward: new Float32Array(size) }
  return new FixedDataset({ ...columns, discount: new Float32Array(size).fill(0.9) }, { seed: 7, synthetic })
}

const counts = (batch: Batch, parts: number) =>
  Array.from({ length: parts }, (_, i) => batch.source.reduce((sum, source) => sum + Number(source === i), 0))

const code = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as RepriseError).code
  }
  return 'no error'
}

describe('conformance 11: the rows of a mix', () => {
  it.each([
    [[0.5], 10, [5, 5]],
    [[0.33], 10, [7, 3]],
    [[1 / 3], 10, [7, 3]],
    [[1 / 3, 1 / 3], 10, [4, 3, 3]],
    [[1 / 3], 9, [6, 3]],
    [[0.29], 100, [71, 29]],
    [[0.57], 100, [43, 57]],
    [[1], 10, [0, 10]],
    [[0], 10, [10, 0]],
    [[0.5], 1, [1, 0]],
  ])('ratios %j of %i are floor(ratio * rows), the rest to the first: %j', (ratios, rows, expected) => {
    const mix = new Mix([
      { name: 'first', source: replayOf(0, 20) },
      ...ratios.map((ratio, i) => ({ name: `part${i}`, source: dataset(i + 1, 200), ratio })),
    ])
    const batch = mix.allocate(rows)
    // The first holds 20 rows only, which is enough because `least` of 100 rows would be more.
    if (rows === 100) fill(mix.parts[0]!.source as Replay, 0, 20, 64)
    const large = rows === 100 ? new Mix([{ ...mix.parts[0]!, least: 1 }, ...mix.parts.slice(1)]) : mix
    large.draw(batch, START)
    expect(counts(batch, expected.length)).toEqual(expected)
    for (let row = 0; row < rows; row++) {
      const source = batch.source[row]!
      expect(batch.observation[0]!.data[2 * row]).toBe(source)
      expect(batch.fields['action']![row]).toBe(batch.observation[0]!.data[2 * row + 1])
      expect(batch.synthetic[row]).toBe(source === 0 ? 0 : 1)
    }
  })

  it('are those of the others while a part is short', () => {
    const real = replayOf(0, 30)
    const growing = replayOf(1, 2)
    const mix = new Mix([
      { name: 'real', source: real },
      { name: 'growing', source: growing, ratio: 0.5 },
    ])
    const batch = mix.allocate(10)
    const drawn = () => {
      mix.draw(batch, START)
      return counts(batch, 2)
    }
    expect(drawn()).toEqual([10, 0])
    fill(growing, 1, 2, 4)
    expect(drawn()).toEqual([10, 0])
    fill(growing, 1, 4, 5)
    expect(drawn()).toEqual([5, 5])
    expect(mix.metrics(START)).toMatchObject({
      size: 35,
      real_size: 30,
      real_rows: 5,
      growing_size: 5,
      growing_rows: 5,
    })
  })

  it('scale the ratios of three parts up, and say what is held where nothing suffices', () => {
    const split = (sizes: number[], least = [-1, -1, -1]) => {
      const out = new Int32Array(3)
      const ratios = Float64Array.of(0.5, 0.3, 0.2)
      const served = shareOut(10, ratios, Float64Array.from(sizes), Float64Array.from(least), out, new Uint8Array(3))
      return served ? [...out] : 'none'
    }
    expect(split([99, 99, 99])).toEqual([5, 3, 2])
    expect(split([0, 99, 99])).toEqual([0, 6, 4])
    expect(split([99, 2, 99])).toEqual([8, 0, 2])
    expect(split([99, 99, 1])).toEqual([7, 3, 0])
    // With the first gone the second is short too.
    expect(split([0, 5, 99])).toEqual([0, 0, 10])
    expect(split([0, 5, 9])).toBe('none')
    expect(split([1, 5, 9], [1, -1, -1])).toEqual([5, 3, 2])

    const mix = new Mix([
      { name: 'real', source: replayOf(0, 3) },
      { name: 'made', source: dataset(1, 4), ratio: 0.5, least: 6 },
    ])
    expect(() => mix.draw(mix.allocate(10), START)).toThrow(/real holds 3, made holds 4 of at least 6/)
    expect(code(() => mix.draw(mix.allocate(10), START))).toBe('RPR_REPLAY_EMPTY')
  })

  it('follow a schedule', () => {
    const mix = new Mix([
      { name: 'real', source: replayOf(0, 30) },
      { name: 'made', source: dataset(1, 50), ratio: 'linear(0, 1)' },
    ])
    const batch = mix.allocate(10)
    const at = (progress: number) => {
      mix.draw(batch, { ...START, progress })
      return counts(batch, 2)
    }
    expect([0, 0.25, 0.5, 1].map(at)).toEqual([
      [10, 0],
      [8, 2],
      [5, 5],
      [0, 10],
    ])
  })
})

describe('feedback of a mix', () => {
  it('goes to the rows of each part, never to generated ones', () => {
    const a = replayOf(0, 20, PROPORTIONAL)
    const b = replayOf(1, 20, PROPORTIONAL)
    const mix = new Mix([
      { name: 'a', source: a },
      { name: 'b', source: b, ratio: 0.25 },
      { name: 'made', source: dataset(2, 50), ratio: 0.25, synthetic: true },
    ])
    const batch = mix.allocate(8)
    mix.draw(batch, START)
    const tdError = Float32Array.from({ length: 8 }, (_, row) => (row < 4 ? 0 : -3 - row))
    expect(mix.feedback(batch, { tdError })).toEqual({ applied: 6, stale: 0, synthetic: 2 })
    const priorityOf = (replay: Replay, row: number) =>
      (replay.selector as unknown as { priority(slot: number): number }).priority(batch.handles.slots[row]!)
    expect([0, 1, 2, 3].map((row) => priorityOf(a, row))).toEqual([0, 0, 0, 0])
    const last = batch.handles.slots[4] === batch.handles.slots[5] ? [8, 8] : [7, 8]
    expect([4, 5].map((row) => priorityOf(b, row))).toEqual(last)
  })

  it('is refused as a whole where a number is not finite', () => {
    const a = replayOf(0, 20, PROPORTIONAL)
    const mix = new Mix([
      { name: 'a', source: a },
      { name: 'b', source: replayOf(1, 20, PROPORTIONAL), ratio: 0.5 },
    ])
    const batch = mix.allocate(4)
    mix.draw(batch, START)
    const saved = JSON.stringify(mix.state())
    expect(code(() => mix.feedback(batch, { tdError: [5, 5, 5, Number.NaN] }))).toBe('RPR_REPLAY_SCORE')
    expect(JSON.stringify(mix.state())).toBe(saved)
    expect(code(() => mix.feedback(mix.allocate(4), { tdError: [1, 1, 1, 1] }))).toBe('RPR_REPLAY_CONFIG')
  })

  it('reports rows that were overwritten', () => {
    const a = replayOf(0, 64, PROPORTIONAL)
    const mix = new Mix([
      { name: 'a', source: a },
      { name: 'made', source: dataset(2, 50), ratio: 0.5 },
    ])
    const batch = mix.allocate(8)
    mix.draw(batch, START)
    fill(a, 0, 64, 128)
    expect(mix.feedback(batch, { tdError: new Float32Array(8) })).toEqual({ applied: 0, stale: 4, synthetic: 0 })
  })
})

describe('a mix', () => {
  it('keeps weights and marks of one draw out of the next', () => {
    const prioritised = replayOf(0, 20, PROPORTIONAL)
    const growing = dataset(1, 6)
    const mix = new Mix([
      { name: 'made', source: growing },
      { name: 'real', source: prioritised, ratio: 'linear(0, 1)' },
    ])
    const batch = mix.allocate(6)
    mix.draw(batch, { ...START, progress: 1 })
    mix.feedback(batch, { tdError: [1, 2, 3, 4, 5, 6] })
    mix.draw(batch, { ...START, progress: 1 })
    expect([...batch.synthetic]).toEqual([0, 0, 0, 0, 0, 0])
    mix.draw(batch, START)
    expect([...batch.synthetic]).toEqual([1, 1, 1, 1, 1, 1])
    expect([...batch.weights]).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('goes on bit for bit after its state was loaded into another', () => {
    const make = (seed: number) =>
      new Mix([
        { name: 'real', source: replayOf(0, 20, PROPORTIONAL, seed) },
        { name: 'made', source: dataset(1, 50), ratio: 0.5 },
      ])
    const mix = make(1)
    const batch = mix.allocate(8)
    mix.draw(batch, START)
    mix.feedback(batch, { tdError: [1, 2, 3, 4, 5, 6, 7, 8] })
    const copy = make(2)
    copy.load(mix.state())
    const other = copy.allocate(8)
    for (let i = 0; i < 50; i++) {
      mix.draw(batch, START)
      copy.draw(other, START)
      expect(other).toEqual(batch)
    }
    const named = new Mix([{ name: 'other', source: replayOf(0, 20) }])
    expect(code(() => named.load(mix.state()))).toBe('RPR_STATE_MISMATCH')
  })

  it('of mixes is a source like any other', () => {
    const inner = new Mix([
      { name: 'a', source: replayOf(0, 20) },
      { name: 'b', source: dataset(1, 50), ratio: 0.5 },
    ])
    const outer = new Mix([
      { name: 'inner', source: inner },
      { name: 'c', source: dataset(2, 50, false), ratio: 0.5 },
    ])
    const batch = outer.allocate(8)
    outer.draw(batch, START)
    expect([...batch.source]).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
    expect([...batch.synthetic]).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
    expect(outer.metrics(START)['inner_a_rows']).toBe(2)
    expect(outer.feedback(batch, { tdError: new Float32Array(8) })).toEqual({ applied: 2, stale: 0, synthetic: 0 })
  })

  it('is refused where its parts do not fit', () => {
    const source = dataset(0, 5)
    const wrong = new FixedDataset(
      { observation: [], nextObservation: [], fields: {}, reward: [], discount: [] },
      { seed: 0 },
    )
    expect(code(() => new Mix([]))).toBe('RPR_REPLAY_CONFIG')
    expect(code(() => new Mix([{ name: 'a', source, ratio: 0.5 }]))).toBe('RPR_REPLAY_CONFIG')
    const second = (part: object) =>
      code(
        () =>
          new Mix([
            { name: 'a', source },
            { name: 'b', source, ...part },
          ]),
      )
    expect(second({ ratio: 0.5 })).toBe('no error')
    expect(second({})).toBe('RPR_REPLAY_CONFIG')
    expect(second({ ratio: 1.1 })).toBe('RPR_REPLAY_CONFIG')
    expect(second({ ratio: 'linear(0, 2)' })).toBe('RPR_REPLAY_CONFIG')
    expect(second({ ratio: 0.5, name: 'a' })).toBe('RPR_REPLAY_CONFIG')
    expect(second({ ratio: 0.5, name: 'b c' })).toBe('RPR_OPTION_RANGE')
    expect(second({ ratio: 0.5, least: 0 })).toBe('RPR_OPTION_RANGE')
    expect(second({ ratio: 0.5, source: wrong })).toBe('RPR_REPLAY_CONFIG')
  })
})

describe('a fixed dataset', () => {
  it('gives each row with the same probability', () => {
    const source = dataset(3, 10)
    const batch = source.allocate(20_000)
    source.draw(batch, START)
    const seen = new Int32Array(10)
    for (const slot of batch.handles.slots) seen[slot]!++
    const chi = seen.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    // The 0.999 quantile at 9 degrees of freedom.
    expect(chi).toBeLessThan(27.9)
    expect([batch.probabilities[0], batch.steps[0], batch.synthetic[0]]).toEqual([0.1, 1, 1])
    expect(batch.discount[0]).toBeCloseTo(0.9, 6)
  })

  it('goes on after loading, and refuses columns and states of another size', () => {
    const [a, b] = [dataset(0, 10), dataset(0, 10)]
    const [first, second] = [a.allocate(5), b.allocate(5)]
    a.draw(first, START)
    b.load(a.state())
    a.draw(first, START)
    b.draw(second, START)
    expect(second).toEqual(first)
    expect(code(() => dataset(0, 9).load(a.state()))).toBe('RPR_STATE_MISMATCH')
    expect(code(() => dataset(0, 0).draw(first, START))).toBe('RPR_REPLAY_EMPTY')
    const columns = { observation: [], nextObservation: [], fields: { action: new Int32Array(3) } }
    expect(code(() => new FixedDataset({ ...columns, reward: [1, 1], discount: [1, 1] }, { seed: 0 }))).toBe(
      'RPR_SHAPE',
    )
  })
})
