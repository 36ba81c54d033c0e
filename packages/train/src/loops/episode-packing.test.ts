import type { EpisodeGroups } from '@reprise/algorithms'
import { describe, expect, it } from 'vitest'
import { joinEpisodes, StepColumns } from './episode-packing.ts'

describe('StepColumns', () => {
  it('packs rows of differing lengths one after the other, past its first growth', () => {
    const columns = new StepColumns(3)
    // Element k of environment row r at step t is 100 t + 10 r + k.
    for (let t = 0; t < 40; t++) {
      columns.store(
        'x',
        Float32Array.from({ length: 6 }, (_, i) => 100 * t + 10 * Math.floor(i / 2) + (i % 2)),
        t,
      )
      columns.store(
        'a',
        Int32Array.from({ length: 3 }, (_, r) => 100 * t + r),
        t,
      )
    }
    const packed = columns.pack([0, 2], [2, 0, 40])
    expect(Array.from(packed['x']!.subarray(0, 8))).toEqual([0, 1, 100, 101, 20, 21, 120, 121])
    expect(packed['x']).toHaveLength(2 * 42)
    expect(packed['a']).toBeInstanceOf(Int32Array)
    expect(packed['a']!.at(-1)).toBe(3902)
  })
})

function episodes(lengths: number[], group: number[], first: number): EpisodeGroups {
  const offsets = Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))])
  const rows = offsets[lengths.length]!
  return {
    numEpisodes: lengths.length,
    columns: { x: Float32Array.from({ length: 2 * rows }, (_, i) => first + i) },
    offsets,
    group: Int32Array.from(group),
    returns: Float64Array.from(lengths),
    outcomes: Float64Array.from(lengths, () => Number.NaN),
    truncated: Uint8Array.from(lengths, () => 0),
    taskIds: Float64Array.from(group),
    failedEpisodes: 1,
  }
}

describe('joinEpisodes', () => {
  it('keeps flagged episodes, renumbers their groups, stops at the asked number of groups', () => {
    const a = episodes([1, 2, 1, 1], [0, 0, 1, 1], 0)
    const b = episodes([3, 1, 2], [0, 1, 1], 100)
    const joined = joinEpisodes([a, b], [Uint8Array.of(0, 0, 1, 1), Uint8Array.of(1, 1, 1)], 2)
    expect(joined.numEpisodes).toBe(3)
    expect(Array.from(joined.group)).toEqual([0, 0, 1])
    expect(Array.from(joined.offsets)).toEqual([0, 1, 2, 5])
    expect(Array.from(joined.returns)).toEqual([1, 1, 3])
    expect(Array.from(joined.columns['x']!)).toEqual([6, 7, 8, 9, 100, 101, 102, 103, 104, 105])
    expect(joined.failedEpisodes).toBe(2)
  })

  it('gives no episode where none is flagged', () => {
    const joined = joinEpisodes([episodes([2], [0], 0)], [Uint8Array.of(0)], 4)
    expect(joined.numEpisodes).toBe(0)
    expect(joined.columns['x']).toHaveLength(0)
  })
})
