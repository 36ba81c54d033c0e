/**
 * Order of updates on a chain (NChain): values travel back one state per update, so walking episodes from their ends
 * needs far fewer updates than drawing uniformly. After Lee et al. 2019 and Hong et al. 2022.
 */
import { Pcg64 } from '@reprise/core'
import { expect, it } from 'vitest'
import { START } from './draw-context.ts'
import { createSelector } from './select/create-selector.ts'

const GAMMA = 0.9
const BATCH = 8

interface Walks {
  readonly state: number[]
  readonly action: number[]
  readonly next: number[]
  readonly episode: number[]
}

/** Random walks from the left end of `length` states to the right one, where the reward of 1 ends them. */
function randomWalks(length: number, episodes: number, rng: Pcg64): Walks {
  const walks: Walks = { state: [], action: [], next: [], episode: [] }
  for (let episode = 0; episode < episodes; episode++) {
    for (let at = 0; at < length - 1; ) {
      const action = rng.integers(2)
      const next = Math.max(0, at + 2 * action - 1)
      walks.state.push(at)
      walks.action.push(action)
      walks.next.push(next)
      walks.episode.push(episode)
      at = next
    }
  }
  return walks
}

/** Updates, in batches of 8, until the policy is right in every state and no state's value off by 0.01; step size 1. */
function updatesToLearn(kind: 'uniform' | 'reverse', length: number, seed: number): number {
  const rng = new Pcg64(seed)
  const { state, action, next, episode } = randomWalks(length, 20, rng)
  const draw = kind === 'uniform' ? ({ kind, replacement: true } as const) : ({ kind } as const)
  const selector = createSelector(draw, state.length)
  for (let slot = 0, step = 0; slot < state.length; slot++) {
    const last = next[slot] === length - 1
    selector.insert(slot, { episode: episode[slot]!, step: step++, last })
    if (last) step = 0
  }
  const q = new Float64Array(2 * length)
  const learnt = () => {
    for (let s = 0; s < length - 1; s++) {
      const [left, right] = [q[2 * s]!, q[2 * s + 1]!]
      if (right <= left || Math.abs(right - GAMMA ** (length - 2 - s)) >= 0.01) return false
    }
    return true
  }
  const picks = { slots: new Int32Array(BATCH), probabilities: new Float64Array(BATCH) }
  for (let batch = 1; batch < 100_000; batch++) {
    selector.pick(picks, BATCH, rng, START)
    for (const slot of picks.slots) {
      const to = next[slot]!
      const value = to === length - 1 ? 1 : GAMMA * Math.max(q[2 * to]!, q[2 * to + 1]!)
      q[2 * state[slot]! + action[slot]!] = value
    }
    if (learnt()) return BATCH * batch
  }
  return Number.POSITIVE_INFINITY
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}

it('conformance 16: on a chain of 20 states, reverse order needs less than a fifth of the updates of uniform draws', () => {
  const seeds = Array.from({ length: 15 }, (_, seed) => seed)
  const uniform = median(seeds.map((seed) => updatesToLearn('uniform', 20, seed)))
  const reverse = median(seeds.map((seed) => updatesToLearn('reverse', 20, seed)))
  expect(uniform / reverse).toBeGreaterThan(5)
})
