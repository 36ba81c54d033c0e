import { describe, expect, expectTypeOf, it } from 'vitest'
import { defineEnv } from '../define-env.ts'
import type { Env, ResetOptions, StepResult } from '../env.ts'
import { box, dict, discrete, multiDiscrete, text, tuple } from '../spaces/index.ts'
import type { MaybePromise } from '../types.ts'
import {
  ClipAction,
  FlattenObservation,
  NormalizeObservation,
  NormalizeReward,
  OrderEnforcing,
  RecordEpisodeStatistics,
  RescaleAction,
  TimeLimit,
} from './index.ts'

const now = <T>(value: MaybePromise<T>): T => {
  if (value instanceof Promise) throw new Error('a promise')
  return value
}
const numbers = (value: ArrayLike<number>) => Array.from(value)

// Gymnasium 1.4.0, the same environment.
const GYM_OBSERVATIONS = [
  [-0.008946471847593784, 0],
  [0.9998276233673096, 1.0000249147415161],
  [1.2247345447540283, 1.224767804145813],
  [1.341654896736145, -0.5070576667785645],
]
const GYM_REWARDS = [-70.71421321062337, 1.8180465748391939, 1.7359848911702485, 1.4704862207613116]

/** t steps since reset; observation and reward are functions of t. Ends after `length` steps where it is given. */
const clock = (length = Infinity) =>
  defineEnv({
    id: 'Clock-v0',
    observationSpace: box({ low: -1000, high: 1000, shape: [2] }),
    actionSpace: discrete(2),
    reset: () => ({ t: 0 }),
    step: ({ state }) => {
      const t = state.t + 1
      return { state: { t }, reward: t * 2 - 3, terminated: t >= length, outcome: 1, info: { t } }
    },
    observe: ({ state: { t } }) => [t * 1.5 - 2, (t * 7) % 5],
    actionMask: () => [1, 1],
    taskId: () => 7,
    render: ({ state }) => `t=${state.t}`,
  }).make()

/** An environment that takes a Box action and shows it as its observation. */
const mirror = (): Env<ArrayLike<number>, ArrayLike<number>> =>
  defineEnv({
    id: 'Mirror-v0',
    observationSpace: box({ low: [-2, 0], high: [2, 10], dtype: 'float64' }),
    actionSpace: box({ low: [-2, 0], high: [2, 10], dtype: 'float64' }),
    reset: () => [0, 0] as number[],
    step: ({ action }) => ({ state: Array.from(action), reward: 0, terminated: false }),
    observe: ({ state }) => state,
  }).make()

describe('TimeLimit', () => {
  it('truncates at the limit and counts from each reset', () => {
    const env = new TimeLimit(clock(5), 3)
    expect(env.spec).toMatchObject({ id: 'Clock-v0', maxEpisodeSteps: 3 })
    for (let episode = 0; episode < 2; episode++) {
      env.reset()
      expect([1, 2, 3].map(() => now(env.step(0)).truncated)).toEqual([false, false, true])
    }
    const both = new TimeLimit(clock(3), 3)
    both.reset()
    expect([1, 2, 3].map(() => now(both.step(0))).at(-1)).toMatchObject({
      terminated: true,
      truncated: true,
      outcome: 1,
    })
    expect(() => new TimeLimit(clock(), 0)).toThrow(/time limit of 0/)
  })
})

describe('OrderEnforcing', () => {
  it('refuses steps and rendering before reset, and steps after the end', () => {
    const env = new OrderEnforcing(new TimeLimit(clock(), 1))
    expect(() => env.step(0)).toThrow(expect.objectContaining({ code: 'RPR_ENV_ORDER' }))
    expect(() => env.render?.()).toThrow(/before reset/)
    env.reset()
    expect(env.render?.()).toBe('t=0')
    env.step(0)
    expect(() => env.step(0)).toThrow(/after the end/)
  })
})

describe('RecordEpisodeStatistics', () => {
  it('adds return, length and time to the info of the last step', () => {
    const env = new RecordEpisodeStatistics(clock(3))
    env.reset()
    const steps = [1, 2, 3].map(() => now(env.step(0)))
    expect(steps.map(({ info }) => info)).toEqual([
      { t: 1 },
      { t: 2 },
      { t: 3, episode: { r: 3, l: 3, t: expect.any(Number) } },
    ])
    env.reset()
    const short = new RecordEpisodeStatistics(new TimeLimit(env, 1))
    short.reset()
    expect(now(short.step(0)).info?.['episode']).toMatchObject({ r: -1, l: 1 })
  })
})

describe('NormalizeObservation', () => {
  it('equals Gymnasium', () => {
    const env = new NormalizeObservation(clock())
    const seen = [now(env.reset()), ...[1, 2, 3].map(() => now(env.step(0)))].map(({ observation }) =>
      numbers(observation),
    )
    GYM_OBSERVATIONS.forEach((expected, i) => {
      // Gymnasium keeps these statistics in float32.
      for (const [j, x] of expected.entries()) expect(seen[i]![j]).toBeCloseTo(x, 5)
    })
    expect(env.observationSpace.contains([1e6, -1e6])).toBe(true)
  })

  it('clips, freezes and hands its statistics on', () => {
    const env = new NormalizeObservation(clock(), { clip: 0.5 })
    env.reset()
    for (let i = 0; i < 5; i++)
      expect(numbers(now(env.step(0)).observation).every((x) => Math.abs(x) <= 0.5)).toBe(true)
    const frozen = new NormalizeObservation(clock())
    frozen.training = false
    frozen.setStatistics(env.statistics())
    frozen.reset()
    frozen.step(0)
    expect(frozen.statistics()).toEqual(env.statistics())
    expect(() => frozen.setStatistics({ mean: new Float64Array(3), variance: new Float64Array(3), count: 1 })).toThrow(
      /2 elements/,
    )
  })

  it('refuses other spaces', () => {
    const env = defineEnv({
      id: 'D-v0',
      observationSpace: box({ low: 0, high: 255, dtype: 'uint8' }),
      actionSpace: discrete(2),
      reset: () => 0,
      step: ({ state }) => ({ state, reward: 0, terminated: true }),
      observe: () => [0],
    }).make()
    expect(() => new NormalizeObservation(env)).toThrow(expect.objectContaining({ code: 'RPR_SPACE_UNSUPPORTED' }))
  })
})

describe('NormalizeReward', () => {
  it('equals Gymnasium within an episode', () => {
    const env = new NormalizeReward(clock(), { gamma: 0.9 })
    env.reset()
    const rewards = [1, 2, 3, 4].map(() => now(env.step(0)).reward)
    for (const [i, expected] of GYM_REWARDS.entries()) expect(rewards[i]).toBeCloseTo(expected, 10)
  })

  it.each([
    ['termination', () => clock(3)],
    ['truncation', () => new TimeLimit(clock(), 3)],
  ])('starts the return anew after %s', (_, make) => {
    const env = new NormalizeReward(make(), { gamma: 1 })
    const own = () => (env.snapshot!() as { own: { return: number } }).own.return
    env.reset()
    env.step(0)
    env.step(0)
    expect(own()).toBe(0)
    env.step(0)
    expect(own()).toBe(0)
    env.reset()
    env.step(0)
    expect(own()).toBe(-1)
  })
})

describe('action wrappers', () => {
  it('ClipAction takes anything and clips it', () => {
    const env = new ClipAction(mirror())
    env.reset()
    expect(env.actionSpace.contains([99, -99])).toBe(true)
    expect(numbers(now(env.step([99, -99])).observation)).toEqual([2, 0])
  })

  it('RescaleAction stretches [-1, 1] to the bounds', () => {
    const env = new RescaleAction(mirror())
    env.reset()
    expect(String(env.actionSpace)).toBe('Box(-1, 1, [2], float64)')
    const play = (action: number[]) => numbers(now(env.step(action)).observation)
    expect([play([-1, -1]), play([0, 0.5]), play([1, 1])]).toEqual([
      [-2, 0],
      [0, 7.5],
      [2, 10],
    ])
    expect(() => new RescaleAction(new ClipAction(mirror()))).toThrow(/must be finite/)
  })
})

describe('FlattenObservation', () => {
  it('lays parts out by key, with one-hots', () => {
    const env = defineEnv({
      id: 'Parts-v0',
      observationSpace: dict({
        b: discrete(3, { start: 1 }),
        a: box({ low: [-1, -1], high: [1, 2] }),
        c: tuple([multiDiscrete([2, 2])]),
      }),
      actionSpace: discrete(2),
      reset: () => 0,
      step: ({ state }) => ({ state, reward: 0, terminated: true }),
      observe: () => ({ a: [0.5, -0.5], b: 3, c: [[1, 0]] as const }),
    }).make()
    const flat = new FlattenObservation(env)
    expect(numbers(now(flat.reset()).observation)).toEqual([0.5, -0.5, 0, 0, 1, 0, 1, 1, 0])
    expect(flat.observationSpace.contains(now(flat.step(0)).observation)).toBe(true)
    expectTypeOf(flat).toExtend<Env<ArrayLike<number>, number>>()
  })

  it('refuses text', () => {
    const env = { ...clock(), observationSpace: text({ maxLength: 2 }) } as unknown as Env<string, number>
    expect(() => new FlattenObservation(env)).toThrow(/no fixed size/)
  })
})

describe('every wrapper', () => {
  const wrapped = {
    TimeLimit: (env: ReturnType<typeof clock>) => new TimeLimit(env, 8),
    OrderEnforcing: (env: ReturnType<typeof clock>) => new OrderEnforcing(env),
    RecordEpisodeStatistics: (env: ReturnType<typeof clock>) => new RecordEpisodeStatistics(env),
    NormalizeObservation: (env: ReturnType<typeof clock>) => new NormalizeObservation(env),
    NormalizeReward: (env: ReturnType<typeof clock>) => new NormalizeReward(env),
    FlattenObservation: (env: ReturnType<typeof clock>) => new FlattenObservation(env),
  }
  const play = (env: Env<ArrayLike<number>, number>, n: number) =>
    Array.from({ length: n }, () => {
      const { info: _, ...result } = now(env.step(0))
      return result
    })

  it.each(Object.entries(wrapped))('%s forwards spec, reports and render, and snapshots exactly', (_, wrap) => {
    const env = wrap(clock(9))
    expect(env.spec.id).toBe('Clock-v0')
    expect(now(env.reset({ seed: 1 }))).toMatchObject({ actionMask: [1, 1], taskId: 7 })
    expect(env.render?.()).toBe('t=0')
    play(env, 3)
    const saved = env.snapshot!()
    const expected = play(env, 5)
    expect(expected[4]).toMatchObject({ actionMask: [1, 1], taskId: 7 })
    const other = wrap(clock(9))
    other.restore!(saved)
    expect(play(other, 5)).toEqual(expected)
    void env.close()
  })

  it.each(Object.entries(wrapped))(
    '%s has no snapshot and no render where the inner environment has none',
    (_, wrap) => {
      const { observationSpace, actionSpace, spec } = clock()
      const bare = {
        observationSpace,
        actionSpace,
        spec,
        reset: () => ({ observation: [0, 0] }),
        step: () => ({}) as StepResult<number[]>,
      }
      const env = wrap(bare)
      expect([env.snapshot, env.restore, env.render]).toEqual([undefined, undefined, undefined])
    },
  )

  it.each(Object.entries(wrapped))('%s awaits a promise', async (_, wrap) => {
    const inner = clock(9)
    const slow: Env<ArrayLike<number>, number> = {
      observationSpace: inner.observationSpace,
      actionSpace: inner.actionSpace,
      spec: inner.spec,
      reset: async (options?: ResetOptions) => inner.reset(options),
      step: async (action) => inner.step(action),
    }
    const [env, reference] = [wrap(slow), wrap(clock(9))]
    expect(await env.reset()).toEqual(now(reference.reset()))
    expect(await env.step(0)).toEqual(now(reference.step(0)))
  })
})

it('types of observations and actions flow through wrappers', () => {
  const env = defineEnv({
    id: 'Types-v0',
    observationSpace: dict({ a: discrete(2), b: box({ low: 0, high: 1 }) }),
    actionSpace: discrete(2),
    reset: () => 0,
    step: ({ state }) => ({ state, reward: 0, terminated: true }),
    observe: () => ({ a: 0, b: [0] }),
  }).make()
  type Observation = { a: number; b: ArrayLike<number> }
  const limited = new OrderEnforcing(new RecordEpisodeStatistics(new NormalizeReward(new TimeLimit(env, 3))))
  expectTypeOf(limited).toExtend<Env<Observation, number>>()
  expectTypeOf(limited.observationSpace.sample()).toEqualTypeOf<Observation>()
  expectTypeOf(limited.step).parameter(0).toEqualTypeOf<number>()
  const flat = new NormalizeObservation(new FlattenObservation(limited))
  expectTypeOf(flat).toExtend<Env<ArrayLike<number>, number>>()
  // @ts-expect-error a Dict of observations has no mean
  expect(() => new NormalizeObservation(env)).toThrow(/needs a Box of floats/)
  // @ts-expect-error discrete actions cannot be clipped
  expect(() => new ClipAction(env)).toThrow(/needs a Box of floats/)
})
