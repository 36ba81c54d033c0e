import { describe, expect, expectTypeOf, it } from 'vitest'
import { defineEnv, definitionFromEnv } from './define-env.ts'
import { isEnvDefinition } from './definition.ts'
import type { Env, ResetResult, StepResult } from './env.ts'
import { option } from './options.ts'
import { box, dict, discrete, multiDiscrete } from './spaces/index.ts'
import type { MaybePromise, Serializable } from './types.ts'

/** A walk with a random push; every feature of defineEnv in one small environment. */
const walk = defineEnv({
  id: 'test/Walk-v0',
  summary: 'A walk.',
  maxEpisodeSteps: 6,
  rewardThreshold: 1,
  options: { length: option.integer({ default: 3, min: 2, doc: 'Cells.' }) },
  resetOptions: { start: option.integer({ default: 0, min: 0, doc: 'First cell.' }) },
  observationSpace: ({ length }) => box({ low: [0, 0], high: [length, 1] }),
  actionSpace: discrete(2),
  reset: ({ rng, resetOptions }) => ({ position: resetOptions.start, push: rng.random(), trail: [] as number[] }),
  step: ({ state, action, rng, options }) => {
    state.position = Math.max(0, state.position + (action === 1 ? 1 : -1))
    state.push = rng.random()
    state.trail.push(state.position)
    const terminated = state.position >= options.length
    return {
      state,
      reward: terminated ? 1 : 0,
      terminated,
      outcome: state.position / options.length,
      info: { push: state.push },
    }
  },
  observe: ({ state }) => [state.position, state.push],
  actionMask: ({ state }) => [state.position > 0 ? 1 : 0, 1],
  taskId: ({ state }) => state.position + 100,
  render: ({ state, options }) => `${state.position}/${options.length}`,
})

const now = <T>(value: MaybePromise<T>): T => {
  if (value instanceof Promise) throw new Error('a promise')
  return value
}

describe('defineEnv', () => {
  it('gives a definition with the spec and the options', () => {
    expect(isEnvDefinition(walk)).toBe(true)
    expect(walk.spec).toEqual({ id: 'test/Walk-v0', maxEpisodeSteps: 6, rewardThreshold: 1, actionMasks: true })
    expect(walk.summary).toBe('A walk.')
    expect(walk.make({ length: 5 }).observationSpace.contains([5, 0])).toBe(true)
    expect(() => walk.make({ lenght: 5 })).toThrow(/Unknown option 'lenght'.*Did you mean 'length'/)
    expect(() => walk.make({ length: 1 })).toThrow(/an integer >= 2/)
  })

  it('reports observation, mask, task, and outcome on the last step only', () => {
    const env = walk.make()
    const first = now(env.reset({ seed: 1 }))
    expect(first.observation[0]).toBe(0)
    expect(first).toMatchObject({ actionMask: [0, 1], taskId: 100 })
    expect(env.render?.()).toBe('0/3')
    const steps = [1, 1, 1].map((action) => now(env.step(action)))
    expect(steps.map(({ outcome }) => outcome)).toEqual([undefined, undefined, 1])
    expect(steps.map(({ terminated, truncated }) => [terminated, truncated])).toEqual([
      [false, false],
      [false, false],
      [true, false],
    ])
    expect(steps[2]).toMatchObject({ reward: 1, taskId: 100, actionMask: [1, 1] })
    expect(steps[2]?.info?.['push']).toBe(steps[2]?.observation[1])
  })

  it('truncates at the limit, with the outcome so far; the limit can be overridden', () => {
    const play = (env: Env<ArrayLike<number>, number>, n: number) => {
      env.reset({ seed: 0 })
      return Array.from({ length: n }, (_, i) => now(env.step(i % 2 ? 0 : 1)))
    }
    const steps = play(walk.make(), 6)
    expect(steps.map(({ truncated }) => truncated)).toEqual([false, false, false, false, false, true])
    expect(steps[5]).toMatchObject({ terminated: false, outcome: 0 })
    const short = walk.make({}, { maxEpisodeSteps: 2 })
    expect(short.spec.maxEpisodeSteps).toBe(2)
    expect(play(short, 2)[1]).toMatchObject({ truncated: true })
    const both = walk.make({ length: 2 }, { maxEpisodeSteps: 2 })
    both.reset()
    both.step(1)
    expect(now(both.step(1))).toMatchObject({ terminated: true, truncated: true, outcome: 1 })
  })

  it('equal seeds give equal episodes; without a seed the generator goes on', () => {
    const [a, b] = [walk.make(), walk.make()]
    expect(a.reset({ seed: 3 })).toEqual(b.reset({ seed: 3 }))
    expect(a.step(1)).toEqual(b.step(1))
    expect(a.reset()).toEqual(b.reset())
    expect(a.reset()).not.toEqual(b.reset({ seed: 4 }))
  })

  it('takes reset options for that reset alone and refuses unknown ones', () => {
    const env = walk.make()
    expect(now(env.reset({ options: { start: 2 } })).observation[0]).toBe(2)
    expect(now(env.reset()).observation[0]).toBe(0)
    expect(() => env.reset({ options: { begin: 2 } })).toThrow(
      /Unknown option 'begin' in reset options of test\/Walk-v0/,
    )
  })

  it('refuses calls out of order and illegal actions', () => {
    const env = walk.make()
    expect(() => env.step(1)).toThrow(expect.objectContaining({ code: 'RPR_ENV_ORDER' }))
    expect(() => env.render?.()).toThrow(/before reset/)
    env.reset()
    expect(() => env.step(2)).toThrow(expect.objectContaining({ code: 'RPR_ENV_ACTION' }))
    for (const action of [1, 1, 1]) env.step(action)
    expect(() => env.step(1)).toThrow(/after the end of an episode/)
  })

  it('continues exactly from a snapshot, in another environment too, however the state is changed', () => {
    const env = walk.make({ length: 9 })
    env.reset({ seed: 5 })
    env.step(1)
    const saved = env.snapshot!()
    const expected = [env.step(1), env.step(0), env.reset(), env.step(1)]
    const other = walk.make({ length: 9 })
    for (const target of [env, other]) {
      target.restore!(saved)
      expect([target.step(1), target.step(0), target.reset(), target.step(1)]).toEqual(expected)
    }
    const fresh = walk.make()
    fresh.restore!(walk.make().snapshot!())
    expect(() => fresh.step(1)).toThrow(/before reset/)
    expect(() => fresh.restore!(3)).toThrow(/no snapshot/)
  })

  it('names the part of a state that cannot be saved', () => {
    const make = (snapshot?: false) =>
      defineEnv({
        id: 'Map-v0',
        observationSpace: discrete(2),
        actionSpace: discrete(2),
        reset: () => ({ cells: [{ seen: new Map() }] }),
        step: ({ state }) => ({ state, reward: 0, terminated: false }),
        observe: () => 0,
        ...(snapshot === false ? { snapshot } : {}),
      }).make()
    const env = make()
    env.reset()
    expect(() => env.snapshot!()).toThrow(/The state of Map-v0.cells\[0\].seen is a Map.*snapshot: false/)
    expect(make(false).snapshot).toBeUndefined()
  })

  it('may be asynchronous, and closes once', async () => {
    let closed = 0
    const env = defineEnv({
      id: 'Async-v0',
      observationSpace: discrete(10),
      actionSpace: discrete(2),
      reset: async ({ rng }) => ({ at: rng.integers(3) }),
      step: async ({ state, action }) => ({ state: { at: state.at + action }, reward: 1, terminated: state.at > 4 }),
      observe: ({ state }) => state.at,
      close: async () => {
        closed++
      },
    }).make()
    const first = await env.reset({ seed: 1 })
    const second = await env.step(1)
    expect(second).toEqual({ observation: first.observation + 1, reward: 1, terminated: false, truncated: false })
    await env.close?.()
    await env.close?.()
    expect(closed).toBe(1)
  })

  it('refuses ids, limits and step results that are not legal', () => {
    const parts = {
      observationSpace: discrete(2),
      actionSpace: discrete(2),
      reset: () => 0,
      step: () => undefined as never,
      observe: () => 0,
    }
    expect(() => defineEnv({ id: 'Walk', ...parts })).toThrow(/Corridor-v0/)
    expect(() => defineEnv({ id: 'Walk-v0', maxEpisodeSteps: 0, ...parts })).toThrow(/maxEpisodeSteps = 0/)
    const env = defineEnv({ id: 'Walk-v0', ...parts }).make()
    env.reset()
    expect(() => env.step(0)).toThrow(/step returned undefined/)
  })
})

describe('definitionFromEnv', () => {
  class Counter implements Env<number, number> {
    readonly observationSpace = discrete(100)
    readonly actionSpace = discrete(2)
    readonly spec = { id: 'Something-v9' }
    at = 0
    step_: number
    constructor(step = 1) {
      this.step_ = step
    }
    reset(): ResetResult<number> {
      this.at = 0
      return { observation: 0 }
    }
    step(action: number): StepResult<number> {
      this.at += action * this.step_
      return { observation: this.at, reward: action, terminated: false, truncated: false }
    }
    snapshot = (): Serializable => this.at
    restore = (saved: Serializable): void => {
      this.at = saved as number
    }
  }

  const definition = definitionFromEnv(
    { id: 'Counter-v0', maxEpisodeSteps: 3, options: { by: option.integer({ default: 1, min: 1, doc: 'Stride.' }) } },
    ({ by }) => new Counter(by),
  )

  it('adds options, time limit, order and the spec', () => {
    const env = definition.make({ by: 5 })
    expectTypeOf(env).toEqualTypeOf<Env<number, number>>()
    expect(env.spec).toEqual({ id: 'Counter-v0', maxEpisodeSteps: 3 })
    expect(() => env.step(1)).toThrow(/Counter-v0: step was called before reset/)
    env.reset()
    expect([1, 0, 1].map((action) => env.step(action))).toEqual([
      { observation: 5, reward: 1, terminated: false, truncated: false },
      { observation: 5, reward: 0, terminated: false, truncated: false },
      { observation: 10, reward: 1, terminated: false, truncated: true },
    ])
    expect(() => env.step(1)).toThrow(/after the end/)
    expect(env.inner?.inner).toBeInstanceOf(Counter)
  })

  it('snapshots through the wrappers', () => {
    const env = definition.make()
    env.reset()
    env.step(1)
    const saved = env.snapshot!()
    const rest = [env.step(1), env.step(1)]
    const other = definition.make()
    other.restore!(saved)
    expect([other.step(1), other.step(1)]).toEqual(rest)
  })
})

it('types flow from spaces, reset and options into every function', () => {
  const definition = defineEnv({
    id: 'Types-v0',
    options: {
      size: option.integer({ default: 2, doc: 'x' }),
      kind: option.choice({ values: ['a', 'b'], default: 'a', doc: 'x' }),
    },
    observationSpace: ({ kind }) => {
      expectTypeOf(kind).toEqualTypeOf<'a' | 'b'>()
      return dict({ image: box({ low: 0, high: 1, dtype: 'uint8' }), goal: discrete(4) })
    },
    actionSpace: multiDiscrete([2, 3]),
    reset: ({ options }) => {
      expectTypeOf(options.size).toEqualTypeOf<number>()
      return { position: 0, done: false }
    },
    step: ({ state, action }) => {
      expectTypeOf(state).toEqualTypeOf<{ position: number; done: boolean }>()
      expectTypeOf(action).toEqualTypeOf<ArrayLike<number>>()
      return { state, reward: 0, terminated: state.done }
    },
    observe: ({ state }) => {
      expectTypeOf(state.position).toEqualTypeOf<number>()
      return { image: new Uint8Array(1), goal: state.position }
    },
  })
  type Observation = { image: ArrayLike<number>; goal: number }
  expectTypeOf(definition.make()).toEqualTypeOf<Env<Observation, ArrayLike<number>>>()

  const asynchronous = defineEnv({
    id: 'Types-v1',
    observationSpace: discrete(3),
    actionSpace: discrete(3),
    reset: async () => ({ at: 0 }),
    step: async ({ state, action }) => {
      expectTypeOf(state).toEqualTypeOf<{ at: number }>()
      expectTypeOf(action).toEqualTypeOf<number>()
      return { state, reward: 0, terminated: true }
    },
    observe: ({ state }) => state.at,
  })
  expectTypeOf(asynchronous.make()).toEqualTypeOf<Env<number, number>>()

  const base = { id: 'X-v0', observationSpace: discrete(3), actionSpace: discrete(3), reset: () => ({ at: 0 }) }
  defineEnv({
    ...base,
    step: ({ state }) => ({ state, reward: 0, terminated: true }),
    // @ts-expect-error an observation of the wrong type
    observe: () => 'left',
  })
  defineEnv({
    ...base,
    // @ts-expect-error a next state of another type
    step: () => ({ state: { at: 'x' }, reward: 0, terminated: true }),
    observe: () => 0,
  })
})

it('carries goals', () => {
  const goals = { reward: () => -1, terminated: () => false }
  const base = { id: 'G-v0', observationSpace: discrete(3), actionSpace: discrete(3) }
  const defined = defineEnv({
    ...base,
    goals,
    reset: () => ({ at: 0 }),
    step: ({ state }) => ({ state, reward: 0, terminated: true }),
    observe: () => 0,
  })
  expect(defined.goals).toBe(goals)
  const written = definitionFromEnv({ id: 'G-v0', goals }, () => defined.make())
  expect(written.goals).toBe(goals)
  expect(written.spec).toEqual({ id: 'G-v0' })
})
