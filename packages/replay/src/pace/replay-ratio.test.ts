import { expect, test } from 'vitest'
import { AdaptiveReplayRatio } from './adaptive-replay-ratio.ts'
import { ReplayRatio } from './replay-ratio.ts'

test('fractional ratios give exact counts, one step at a time or several', () => {
  for (const [ratio, numerator, denominator] of [
    [0.5, 1, 2],
    [2, 2, 1],
    [0.3, 3, 10],
    [0.1, 1, 10],
    [0.57, 57, 100],
    [1 / 3, 1, 3],
    [20, 20, 1],
  ] as const) {
    for (const steps of [1, 8]) {
      const pace = new ReplayRatio(ratio)
      let updates = 0
      for (let n = steps; n <= 20_000; n += steps) {
        updates += pace.after(steps)
        if (updates !== Math.floor((n * numerator) / denominator)) expect([ratio, n, updates]).toBe(0)
      }
    }
  }
})

test('what is left of an update survives a change of the ratio and a restore', () => {
  const pace = new ReplayRatio(0.5)
  expect([pace.after(1), pace.after(1), pace.after(1)]).toEqual([0, 1, 0])
  pace.ratio = 0.25
  const restored = new ReplayRatio(9)
  restored.load(structuredClone(pace.state()) as never)
  for (const one of [pace, restored]) {
    expect([1, 1, 1, 1, 1, 1].map((n) => one.after(n))).toEqual([0, 1, 0, 0, 0, 1])
    expect(one.ratio).toBe(0.25)
  }
  expect(() => new ReplayRatio(0)).toThrow(/'ratio' = 0/)
})

test('adaptive: the switch comes when two checked episodes are within the gap, once and for ever', () => {
  const pace = new AdaptiveReplayRatio({ checkEvery: 5, gap: 0.001 })
  const switches: number[] = []
  // Only the episode right before a check counts: the others would settle at once.
  const checked = [0.9, 0.8, 0.75, 0.7495, 0.2, 0.9]
  for (let episode = 1; episode <= 30; episode++) {
    const value = episode % 5 === 0 ? checked[episode / 5 - 1]! : 0.5
    for (const part of [-0.1, 0, 0.1]) pace.updated(value + part)
    if (pace.episodeEnded()) switches.push(episode)
    expect(pace.ratio).toBe(episode < 20 ? 0.5 : 2)
  }
  expect(switches).toEqual([20])
  expect(pace.switched).toBe(true)
})

test('adaptive: exact counts before and after the switch, also over a restore', () => {
  const run = (restoreAt: number) => {
    let pace = new AdaptiveReplayRatio({ checkEvery: 1 })
    const due: number[] = []
    for (let episode = 0; episode < 6; episode++) {
      if (episode === restoreAt) {
        const state = structuredClone(pace.state()) as never
        pace = new AdaptiveReplayRatio({ checkEvery: 1 })
        pace.load(state)
      }
      for (let step = 0; step < 3; step++) due.push(pace.after(1))
      pace.updated(episode < 2 ? episode / 10 : 0.3)
      pace.episodeEnded()
    }
    return due
  }
  const expected = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 2, 2, 2, 2, 2]
  for (let restoreAt = -1; restoreAt < 6; restoreAt++) expect(run(restoreAt)).toEqual(expected)
})

test('adaptive: the first check only sets the mark, and an episode without updates is no check', () => {
  const pace = new AdaptiveReplayRatio({ checkEvery: 1 })
  expect(pace.episodeEnded()).toBe(false)
  pace.updated(0)
  expect(pace.episodeEnded()).toBe(false)
  expect(pace.episodeEnded()).toBe(false)
  pace.updated(0.0005)
  expect(pace.episodeEnded()).toBe(true)
  expect(() => new AdaptiveReplayRatio({ low: 3 })).toThrow(/'high' = 2/)
})
