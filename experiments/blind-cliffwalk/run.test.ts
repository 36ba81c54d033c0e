import { type BlindCliffwalkTable, blindCliffwalkTable } from '@reprise/diagnostic'
import { describe, expect, it } from 'vitest'
import { Greedy, Oracle } from './choosers.ts'
import { type Draw, updatesToLearn } from './q-learning.ts'
import { run } from './run.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const uniform: Draw = { kind: 'uniform', replacement: true }
const proportional: Draw = {
  ...{ kind: 'proportional', alpha: 0.6, beta: 0, epsilon: 1e-4 },
  ...{ normalizeBy: 'batchMax', newPriority: 'runningMax', stratified: true },
}

function medianUpdates(length: number, draw: Draw): number {
  const updates = SEEDS.map((seed) => updatesToLearn({ length, seed, draw, maxUpdates: 1e6 }) ?? 1e6)
  updates.sort((a, b) => a - b)
  return (updates[4]! + updates[5]!) / 2
}

describe('Blind Cliffwalk', () => {
  it('conformance 16: with 8 states, proportional draws need less than a quarter of the updates of uniform ones', () => {
    expect(medianUpdates(8, uniform) / medianUpdates(8, proportional)).toBeGreaterThan(4)
  })

  it('orders the arms as published, and the advantage grows with length', () => {
    const [short, long] = [4, 8].map((length) => {
      const of = (draw: Draw) => medianUpdates(length, draw)
      return {
        uniform: of(uniform),
        proportional: of(proportional),
        greedy: of({ kind: 'greedy' }),
        oracle: of({ kind: 'oracle' }),
      }
    })
    for (const medians of [short!, long!]) {
      expect(medians.oracle).toBeLessThan(medians.greedy)
      expect(medians.greedy).toBeLessThan(medians.proportional)
      expect(medians.proportional).toBeLessThan(medians.uniform)
    }
    expect(long!.uniform / long!.proportional).toBeGreaterThan(short!.uniform / short!.proportional)
  })

  it('is the same for the same seed, and gives up where it is told to', () => {
    const learning = { length: 6, seed: 3, draw: proportional, maxUpdates: 1e6 }
    expect(updatesToLearn(learning)).toBe(updatesToLearn(learning))
    expect(updatesToLearn({ ...learning, maxUpdates: 10 })).toBeUndefined()
  })
})

describe('the study', () => {
  const job = { seed: 1, quick: true }

  it('reports every length up to the first that is given up', () => {
    const { metrics, curves } = run({ ...job, set: { draw: uniform, maxUpdates: 500 } })
    expect(curves.updates.x).toEqual([2, 3])
    expect(metrics).toEqual({
      censored_lengths: 5,
      'updates/n2': curves.updates.y[0],
      'updates/n3': curves.updates.y[1],
    })
  })

  it('refuses a draw that it does not know', () => {
    expect(() => run({ ...job, set: { draw: { kind: 'best' } } })).toThrow(/set.draw.kind = best/)
    expect(() => run({ ...job, set: {} })).toThrow(/It takes one of uniform/)
  })
})

describe('the greedy chooser', () => {
  it('replays everything once, then what had the largest error', () => {
    const greedy = new Greedy(5)
    const seen = [4, 1, 3, 2, 5].map((error) => {
      const transition = greedy.next()
      greedy.replayed(transition, -error)
      return transition
    })
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4])
    expect(greedy.next()).toBe(seen[4])
    greedy.replayed(seen[4]!, 0)
    expect(greedy.next()).toBe(seen[0])
  })
})

describe('the oracle', () => {
  it('takes the update that helps most', () => {
    const table: BlindCliffwalkTable = blindCliffwalkTable(3)
    const q = Float64Array.from(table.values)
    q[5] = 0
    const best = new Oracle(table, q, 0.25).next()
    expect([table.state[best], table.action[best], table.reward[best]]).toEqual([2, 1, 1])
  })
})
