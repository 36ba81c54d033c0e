import { describe, expect, it } from 'vitest'
import { defineEnv } from '../define-env.ts'
import { makeVectorEnv } from '../registry.ts'
import { box, discrete } from '../spaces/index.ts'
import type { AutoresetMode, VectorEnv } from '../vector-env.ts'
import { NormalizeVectorObservation, NormalizeVectorReward } from './index.ts'

/** Observes [x, t]; x is random, the reward is x. Ends by termination in step 3 of odd rows, by the limit of 5 in others. */
const noisy = (asynchronous = false) =>
  defineEnv({
    id: 'Noisy-v0',
    maxEpisodeSteps: 5,
    observationSpace: box({ low: [-9, 0], high: [9, 9] }),
    actionSpace: discrete(2),
    reset: ({ rng }) => ({ x: rng.uniform(2, 3), t: 0 }),
    step: ({ rng, state, action }) => {
      const next = {
        state: { x: rng.uniform(2, 3) + action, t: state.t + 1 },
        reward: state.x,
        terminated: action === 1 && state.t === 2,
      }
      return asynchronous ? Promise.resolve(next) : next
    },
    observe: ({ state }) => [state.x, state.t],
  })

const make = (mode: AutoresetMode = 'SameStep') => makeVectorEnv(noisy(), 4, { autoresetMode: mode })

function step(env: VectorEnv): void {
  env.columns.actions[0]!.data.set([0, 1, 0, 1])
  expect(env.step()).toBeUndefined()
}

const observations = (env: VectorEnv) => [...env.columns.observations[0]!.data]
const finals = (env: VectorEnv) => [...env.columns.finalObservations[0]!.data]

describe('NormalizeVectorObservation', () => {
  it('counts every observation acted on once, and normalises final ones with the same statistics', () => {
    const raw = make()
    const env = new NormalizeVectorObservation(make())
    const seen: number[][] = []
    const check = () => {
      for (let r = 0; r < 4; r++) seen.push(observations(raw).slice(r * 2, r * 2 + 2))
      const { mean, variance, count } = env.statistics()
      expect(count).toBeCloseTo(seen.length + 1e-4, 9)
      const average = seen.reduce((sum, [x]) => sum + x!, 0) / seen.length
      expect(mean[0]).toBeCloseTo(average, 3)
      const normalized = (value: number, i: number) =>
        Math.fround(Math.max(-10, Math.min(10, (value - mean[i % 2]!) / Math.sqrt(variance[i % 2]! + 1e-8))))
      expect(observations(env)).toEqual(observations(raw).map(normalized))
      raw.columns.terminated.forEach((flag, r) => {
        if (!flag && !raw.columns.truncated[r]) return
        expect(finals(env).slice(r * 2, r * 2 + 2)).toEqual(
          finals(raw)
            .slice(r * 2, r * 2 + 2)
            .map(normalized),
        )
      })
    }
    for (const e of [raw, env]) e.reset({ seeds: 3 })
    check()
    for (let t = 0; t < 12; t++) {
      for (const e of [raw, env]) step(e)
      check()
    }
    expect(env.singleObservationSpace.contains([1e9, -1e9])).toBe(true)
  })

  it('keeps the same arrays, clips, and leaves the other columns as they are', () => {
    const inner = make()
    const env = new NormalizeVectorObservation(inner, { clip: 0.25 })
    const before = { ...env.columns }
    env.reset({ seeds: 3 })
    step(env)
    expect({ ...env.columns }).toEqual(before)
    expect(env.columns.observations).toBe(before.observations)
    expect(env.columns.rewards).toBe(inner.columns.rewards)
    expect(observations(env).every((x) => Math.abs(x) <= 0.25)).toBe(true)
  })

  it('reaches the same statistics in NextStep, where reset rows come later', () => {
    const counts = (mode: AutoresetMode, steps: number) => {
      const env = new NormalizeVectorObservation(makeVectorEnv(noisy(), 1, { autoresetMode: mode }))
      env.reset({ seeds: 3 })
      for (let t = 0; t < steps; t++) {
        env.columns.actions[0]!.data[0] = 0
        env.step()
      }
      return env.statistics()
    }
    // Two episodes of five steps; NextStep needs one step more for the second reset and one for the third.
    expect(counts('NextStep', 12)).toEqual(counts('SameStep', 10))
  })

  it('counts only the rows of a masked reset in Disabled, and nothing that stands still', () => {
    const env = new NormalizeVectorObservation(make('Disabled'))
    env.reset({ seeds: 1 })
    for (let t = 0; t < 8; t++) step(env)
    // Rows 0 and 2: first + 4 (the fifth is final). Rows 1 and 3: first + 2.
    expect(env.statistics().count).toBeCloseTo(16, 3)
    env.reset({ mask: [0, 1, 0, 0] })
    expect(env.statistics().count).toBeCloseTo(17, 3)
  })

  it('is frozen when it is not training, and takes statistics over', () => {
    const env = new NormalizeVectorObservation(make())
    env.reset({ seeds: 1 })
    for (let t = 0; t < 8; t++) step(env)
    const evaluation = new NormalizeVectorObservation(make('Disabled'))
    evaluation.training = false
    evaluation.setStatistics(env.statistics())
    evaluation.reset({ seeds: 2 })
    step(evaluation)
    expect(evaluation.statistics()).toEqual(env.statistics())
  })

  it('refuses other spaces', () => {
    const discreteEnv = defineEnv({
      id: 'D-v0',
      observationSpace: discrete(3),
      actionSpace: discrete(2),
      reset: () => 0,
      step: () => ({ state: 0, reward: 0, terminated: false }),
      observe: () => 0,
    })
    expect(() => new NormalizeVectorObservation(makeVectorEnv(discreteEnv, 1))).toThrow(
      /needs a Box of floats, not Discrete\(3\)/,
    )
  })
})

describe('NormalizeVectorReward', () => {
  it('follows VecNormalize by hand, resets at both kinds of end, and keeps episode returns raw', () => {
    const raw = make()
    const env = new NormalizeVectorReward(make(), { gamma: 0.9 })
    for (const e of [raw, env]) e.reset({ seeds: 3 })
    const returns = [0, 0, 0, 0]
    const all: number[] = []
    for (let t = 0; t < 12; t++) {
      for (const e of [raw, env]) step(e)
      for (let r = 0; r < 4; r++) {
        returns[r] = returns[r]! * 0.9 + raw.columns.rewards[r]!
        all.push(returns[r]!)
        if (raw.columns.terminated[r] || raw.columns.truncated[r]) returns[r] = 0
      }
      const { mean, variance, count } = env.statistics()
      expect(count).toBeCloseTo(all.length, 3)
      expect(mean[0]).toBeCloseTo(all.reduce((a, b) => a + b) / all.length, 3)
      for (let r = 0; r < 4; r++)
        expect(env.columns.rewards[r]).toBe(Math.min(10, raw.columns.rewards[r]! / Math.sqrt(variance[0]! + 1e-8)))
      expect(env.columns.episodeReturns).toEqual(raw.columns.episodeReturns)
    }
  })

  it.each(['NextStep', 'Disabled'] as const)('%s: skipped rows are not counted', (mode) => {
    const env = new NormalizeVectorReward(make(mode))
    env.reset({ seeds: 3 })
    let counted = 0
    for (let t = 0; t < 12; t++) {
      step(env)
      counted += env.columns.skipped.reduce((n, flag) => n + (flag ? 0 : 1), 0)
      env.columns.skipped.forEach((flag, r) => {
        if (flag) expect(env.columns.rewards[r]).toBe(0)
      })
    }
    expect(env.statistics().count).toBeCloseTo(counted, 3)
  })
})

describe.each([
  ['observation', (env: VectorEnv) => new NormalizeVectorObservation(env)],
  ['reward', (env: VectorEnv) => new NormalizeVectorReward(env)],
  ['both', (env: VectorEnv) => new NormalizeVectorReward(new NormalizeVectorObservation(env))],
])('normalised %s', (_, wrap) => {
  it('goes on exactly from a snapshot', () => {
    const env = wrap(make())
    expect(env.canSnapshot).toBe(true)
    env.reset({ seeds: 9 })
    for (let t = 0; t < 6; t++) step(env)
    const saved = env.snapshot()
    const show = (target: VectorEnv) => structuredClone({ ...target.columns })
    const now = show(env)
    const rest = (target: VectorEnv) =>
      Array.from({ length: 6 }, () => {
        step(target)
        return show(target)
      })
    const expected = rest(env)
    const other = wrap(make())
    other.restore(saved)
    expect(show(other)).toEqual(now)
    expect(rest(other)).toEqual(expected)
  })

  it('awaits asynchronous environments and gives the same', async () => {
    const env = wrap(makeVectorEnv(noisy(true), 4))
    const reference = wrap(make())
    await env.reset({ seeds: 4 })
    reference.reset({ seeds: 4 })
    for (let t = 0; t < 6; t++) {
      env.columns.actions[0]!.data.set([0, 1, 0, 1])
      await env.step()
      step(reference)
      expect({ ...env.columns }).toEqual({ ...reference.columns })
    }
  })
})
