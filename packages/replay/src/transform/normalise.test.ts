import { allocateColumns, leaf, Pcg64 } from '@reprise/core'
import { expect, it } from 'vitest'
import { START } from '../draw-context.ts'
import { allocateDrawnRows } from '../view/drawn-rows.ts'
import { Normalise } from './normalise.ts'

const LEAVES = [leaf('camera', 'uint8', [2]), leaf('pose', 'float32', [2])]

function batchOf(pose: readonly number[], next: readonly number[]) {
  const rows = pose.length / 2
  const batch = {
    ...allocateDrawnRows(rows),
    observation: allocateColumns(LEAVES, rows),
    nextObservation: allocateColumns(LEAVES, rows),
    fields: {},
    reward: new Float32Array(rows),
    discount: new Float32Array(rows),
    steps: new Int32Array(rows),
  }
  batch.observation[0]!.data.fill(200)
  batch.observation[1]!.data.set(pose)
  batch.nextObservation[1]!.data.set(next)
  return batch
}

it('takes mean and deviation of what it was shown, float leaves only', () => {
  const transform = new Normalise({ observation: LEAVES })
  const seen = allocateColumns(LEAVES, 4)
  seen[1]!.data.set([1, 10, 3, 30, 5, 50, 100, 100])
  transform.observe(seen, [0, 0, 0, 1])
  const batch = batchOf([3, 30, 5, 10], [1, 50, 1000, -1000])
  transform.apply(batch, new Pcg64(0), START)
  const deviation = Math.sqrt(8 / 3)
  const expected = [0, 0, 2 / deviation, -2 / deviation]
  // The statistics begin as 1e-4 samples of mean 0 and variance 1.
  for (const [i, value] of expected.entries()) expect(batch.observation[1]!.data[i]).toBeCloseTo(value, 2)
  expect(batch.nextObservation[1]!.data[2]).toBe(10)
  expect(batch.nextObservation[1]!.data[3]).toBe(-10)
  expect([...batch.observation[0]!.data]).toEqual([200, 200, 200, 200])
})

it('is what a loaded copy is', () => {
  const transform = new Normalise({ observation: LEAVES, clip: 3 })
  const seen = allocateColumns(LEAVES, 2)
  seen[1]!.data.set([1, 2, 4, 8])
  transform.observe(seen)
  const copy = new Normalise({ observation: LEAVES, clip: 3 })
  copy.load(transform.state())
  const [a, b] = [batchOf([5, 6], [7, 8]), batchOf([5, 6], [7, 8])]
  transform.apply(a, new Pcg64(0), START)
  copy.apply(b, new Pcg64(0), START)
  expect(b.observation).toEqual(a.observation)
  expect(() => copy.load({ statistics: [null] })).toThrow(/does not fit/)
})

it('refuses observations without floats, and senseless options', () => {
  expect(() => new Normalise({ observation: [LEAVES[0]!] })).toThrow(/nothing to normalise/)
  expect(() => new Normalise({ observation: LEAVES, clip: 0 })).toThrow(/'clip' = 0/)
})
