import { Pcg64 } from '@reprise/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { episodeMinibatches, ROW_COUNTS } from './episode-minibatches.ts'

const offsetsOf = (lengths: readonly number[]) => {
  const offsets = new Int32Array(lengths.length + 1)
  lengths.forEach((length, e) => {
    offsets[e + 1] = offsets[e]! + length
  })
  return offsets
}

describe('episodeMinibatches', () => {
  it('deals every trained row once per epoch, in few row counts, with the counts that means need', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (lengths, epochs, minibatches, wholeEpisodes) => {
          const offsets = offsetsOf(lengths)
          const trained = lengths.map((_, e) => e).filter((e) => e % 3 !== 1)
          const input = { rng: new Pcg64(1), offsets, trained, epochs, minibatches, wholeEpisodes }
          const { indices, batchSize, rows, episodes, last } = episodeMinibatches(input)
          expect(ROW_COUNTS).toContain(batchSize)
          expect(indices.length).toBe(batchSize * last.length)
          const counts = new Map<number, number>()
          for (const row of indices) if (row >= 0) counts.set(row, (counts.get(row) ?? 0) + 1)
          const expected = trained.flatMap((e) => Array.from({ length: lengths[e]! }, (_, t) => offsets[e]! + t))
          expect([...counts.keys()].sort((a, b) => a - b)).toEqual(expected)
          for (const count of counts.values()) expect(count).toBe(epochs)
          expect(last.reduce((a, b) => a + b, 0)).toBe(epochs * Math.min(minibatches, trained.length))
          // Each minibatch's rows lie in the calls up to its end.
          let seen = 0
          let inBatch = 0
          last.forEach((end, call) => {
            for (let i = 0; i < batchSize; i++) if (indices[call * batchSize + i]! >= 0) inBatch++
            if (!end) return
            expect(rows[call]).toBe(inBatch)
            seen += episodes[call]!
            inBatch = 0
          })
          expect(seen).toBe(epochs * trained.length)
          if (wholeEpisodes) {
            const callOf = new Map<string, number>()
            let batch = 0
            last.forEach((end, call) => {
              for (let i = 0; i < batchSize; i++) {
                const row = indices[call * batchSize + i]!
                if (row < 0) continue
                const e = offsets.findLastIndex((from) => from <= row)
                const key = `${batch}/${e}`
                expect(callOf.get(key) ?? call).toBe(call)
                callOf.set(key, call)
              }
              if (end) batch++
            })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('takes one larger row count for longer episodes that must stay whole', () => {
    const input = { rng: new Pcg64(1), offsets: offsetsOf([5000, 10]), trained: [0, 1], epochs: 1, minibatches: 1 }
    expect(episodeMinibatches({ ...input, wholeEpisodes: true }).batchSize).toBe(8192)
    expect(episodeMinibatches({ ...input, wholeEpisodes: false }).batchSize).toBe(2048)
  })

  it('wastes little on padding', () => {
    const padding = (rows: number) => {
      const { indices } = episodeMinibatches({
        rng: new Pcg64(1),
        offsets: offsetsOf([rows]),
        trained: [0],
        epochs: 1,
        minibatches: 1,
        wholeEpisodes: false,
      })
      return indices.length / rows
    }
    expect(padding(250)).toBeLessThan(1.1)
    expect(padding(1100)).toBeLessThan(1.3)
    expect(padding(32000)).toBeLessThan(1.1)
  })
})
