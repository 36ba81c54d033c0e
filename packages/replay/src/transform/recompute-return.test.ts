import { allocateColumns, leaf, Pcg64 } from '@reprise/core'
import { expect, it } from 'vitest'
import { START } from '../draw-context.ts'
import { RingStore } from '../store/ring-store.ts'
import { NStepView } from '../view/n-step.ts'
import { recomputeReturn } from './recompute-return.ts'

const LEAVES = [leaf('', 'float32', [1])]

/** Observations 0, 1, 2, ...; the reward of step k is k + 1. Ends of episodes by step: t or c (cut). */
function filled(ends: Readonly<Record<number, 't' | 'c'>>, steps: number, capacity: number): RingStore {
  const store = new RingStore({ observation: LEAVES, fields: {} }, { capacity, streams: 1 })
  const at = (value: number) => {
    const columns = allocateColumns(LEAVES, 1)
    columns[0]!.data[0] = value
    return columns
  }
  for (let k = 0; k < steps; k++) {
    store.add({
      observation: at(k),
      nextObservation: at(k + 1),
      finalObservation: at(k + 0.5),
      fields: {},
      reward: [k + 1],
      terminated: [ends[k] === 't' ? 1 : 0],
      truncated: [ends[k] === 'c' ? 1 : 0],
    })
  }
  return store
}

function drawn(store: RingStore, gamma: number) {
  const view = new NStepView(store, { n: 1, gamma })
  const slots = [...store.flags.keys()].filter((slot) => view.eligible(slot))
  const batch = view.allocate(slots.length)
  batch.handles.slots.set(slots)
  view.gather(batch)
  recomputeReturn({ store, gamma }).apply(batch, new Pcg64(0), START)
  return Array.from(slots, (_, i) => ({
    from: batch.observation[0]!.data[i]!,
    to: batch.nextObservation[0]!.data[i]!,
    reward: batch.reward[i]!,
    discount: batch.discount[i]!,
    steps: batch.steps[i]!,
  })).sort((a, b) => a.from - b.from)
}

it('sums to the end of each episode, terminated, cut or going on', () => {
  expect(drawn(filled({ 2: 't', 4: 'c' }, 7, 20), 0.5)).toEqual([
    { from: 0, to: 2.5, reward: 1 + 1 + 0.75, discount: 0, steps: 3 },
    { from: 1, to: 2.5, reward: 2 + 1.5, discount: 0, steps: 2 },
    { from: 2, to: 2.5, reward: 3, discount: 0, steps: 1 },
    { from: 3, to: 4.5, reward: 4 + 2.5, discount: 0.25, steps: 2 },
    { from: 4, to: 4.5, reward: 5, discount: 0.5, steps: 1 },
    { from: 5, to: 7, reward: 6 + 3.5, discount: 0.25, steps: 2 },
    { from: 6, to: 7, reward: 7, discount: 0.5, steps: 1 },
  ])
})

it('works on what is left of an episode after the ring has wrapped', () => {
  expect(drawn(filled({ 5: 't' }, 7, 4), 1)).toEqual([
    { from: 3, to: 5.5, reward: 15, discount: 0, steps: 3 },
    { from: 4, to: 5.5, reward: 11, discount: 0, steps: 2 },
    { from: 5, to: 5.5, reward: 6, discount: 0, steps: 1 },
    { from: 6, to: 7, reward: 7, discount: 1, steps: 1 },
  ])
})

it('leaves synthetic rows alone and refuses a gamma above 1', () => {
  const store = filled({}, 3, 8)
  const view = new NStepView(store, { n: 1, gamma: 1 })
  const batch = view.allocate(1)
  view.gather(batch)
  batch.synthetic[0] = 1
  recomputeReturn({ store, gamma: 1 }).apply(batch, new Pcg64(0), START)
  expect([batch.reward[0], batch.steps[0]]).toEqual([1, 1])
  expect(() => recomputeReturn({ store, gamma: 1.1 })).toThrow(/'gamma' = 1.1/)
})
