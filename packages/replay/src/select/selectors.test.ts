import { createHash } from 'node:crypto'
import { Pcg64, type Serializable } from '@reprise/core'
import { describe, expect, test } from 'vitest'
import type { DrawConfig } from '../config.ts'
import type { Selector } from '../selector.ts'
import { drive } from '../testing/drive.ts'
import { createSelector } from './create-selector.ts'
import { FifoSelector } from './fifo-selector.ts'
import { LargestLabelSelector } from './largest-label-selector.ts'
import { MinScoreSelector } from './min-score-selector.ts'

const CAPACITY = 100
const PRIORITY = {
  alpha: 0.6,
  beta: 'linear(0.4, 1)',
  epsilon: 1e-3,
  normalizeBy: 'batchMax',
  stratified: true,
} as const
const draws: Record<string, DrawConfig> = {
  uniform: { kind: 'uniform', replacement: true },
  'uniform without replacement': { kind: 'uniform', replacement: false },
  proportional: { kind: 'proportional', ...PRIORITY, newPriority: 'runningMax' },
  'proportional, global weights': {
    kind: 'proportional',
    ...PRIORITY,
    normalizeBy: 'globalMin',
    newPriority: 'currentMax',
    stratified: false,
  },
  rank: { kind: 'rank', ...PRIORITY, newPriority: 'runningMax' },
  lap: { kind: 'lap', alpha: 0.4, floor: 1 },
  recency: { kind: 'recency', eta: 'linear(0.99, 1)', least: 5 },
  reverse: { kind: 'reverse' },
}
const makers: Record<string, () => Selector> = {
  ...Object.fromEntries(Object.entries(draws).map(([name, config]) => [name, () => createSelector(config, CAPACITY)])),
  fifo: () => new FifoSelector(CAPACITY),
  minScore: () => new MinScoreSelector(CAPACITY),
  largestLabel: () => new LargestLabelSelector(CAPACITY),
}

/** SHA-256 over slots, probabilities and weights of all picks. */
function digest(selector: Selector, rng: Pcg64, operations: number): string {
  const hash = createHash('sha256')
  drive(selector, CAPACITY, rng, operations, (picks, weights, count) => {
    hash.update(new Uint8Array(picks.slots.buffer, 0, 4 * count))
    hash.update(new Uint8Array(picks.probabilities.buffer, 0, 8 * count))
    hash.update(new Uint8Array(weights.buffer, 0, 4 * count))
  })
  return hash.digest('hex')
}

/** What a file keeps of a state: a deep copy. */
const saved = (selector: Selector) => structuredClone(selector.state()) as Serializable

describe('after save and restore, 1 000 picks among other operations are the same bit for bit', () => {
  for (const [name, make] of Object.entries(makers))
    test(name, () => {
      const original = make()
      digest(original, new Pcg64(1), 2000)
      const state = saved(original)
      const restored = make()
      // What it held before must not matter.
      digest(restored, new Pcg64(2), 300)
      restored.load(state)
      expect(saved(restored)).toEqual(state)
      expect(digest(restored, new Pcg64(3), 4000)).toBe(digest(original, new Pcg64(3), 4000))
    })
})

describe('same seed and operations, same picks on every machine', () => {
  for (const [name, make] of Object.entries(makers))
    test(name, () => {
      expect(digest(make(), new Pcg64(7), 3000)).toMatchSnapshot()
    })
})

test('state of another kind or capacity is refused', () => {
  for (const make of Object.values(makers)) {
    const selector = make()
    for (const bad of [null, 1, 'x', [], {}, { kind: 'uniform' }, { table: {} }, { heap: { order: 1 } }])
      expect(() => selector.load(bad as Serializable)).toThrow(expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }))
  }
  for (const config of Object.values(draws)) {
    const larger = createSelector(config, 200)
    for (let slot = 0; slot < 200; slot++) larger.insert(slot, { episode: slot, step: 0, last: true })
    expect(() => createSelector(config, CAPACITY).load(saved(larger))).toThrow(
      expect.objectContaining({ code: 'RPR_STATE_MISMATCH' }),
    )
  }
})
