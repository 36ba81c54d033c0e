import { describe, expect, it } from 'vitest'
import { defineEnv } from './define-env.ts'
import type { AnyEnv, Env, ResetOptions, StepResult } from './env.ts'
import { defineNativeEnv } from './native.ts'
import { option } from './options.ts'
import { Pcg64 } from './random.ts'
import { makeVectorEnv } from './registry.ts'
import { box, discrete, multiDiscrete } from './spaces/index.ts'
import { SyncVectorEnv, type SyncVectorOptions } from './sync-vector-env.ts'
import type { AutoresetMode, VectorEnv } from './vector-env.ts'

/**
 * Observes [seed drawn at reset, t]. Action k adds k to t's reward. Terminates at step `end`; the time limit is
 * `limit`. The task id is the drawn number; the outcome is 0.5 + t / 100.
 */
const counter = (end: number, limit?: number, asynchronous = false) =>
  defineEnv({
    id: 'Counter-v0',
    ...(limit === undefined ? {} : { maxEpisodeSteps: limit }),
    resetOptions: { from: option.integer({ default: 0, min: 0, doc: 'First t.' }) },
    observationSpace: box({ low: 0, high: 1e6, shape: [2], dtype: 'float64' }),
    actionSpace: discrete(3),
    reset: ({ rng, resetOptions }) => {
      const state = { id: rng.integers(1000), t: resetOptions.from }
      return asynchronous ? Promise.resolve(state) : state
    },
    step: ({ state, action }) => {
      const t = state.t + 1
      const next = { state: { ...state, t }, reward: 10 + action, terminated: t === end, outcome: 0.5 + t / 100 }
      return asynchronous ? Promise.resolve(next) : next
    },
    observe: ({ state }) => [state.id, state.t],
    actionMask: ({ state }) => [1, state.t % 2, 1],
    taskId: ({ state }) => state.id,
    render: ({ state }) => `t=${state.t}`,
  })

const rowsOf = (n: number, make: () => AnyEnv, options?: SyncVectorOptions) =>
  new SyncVectorEnv(Array.from({ length: n }, make), options)

/** What row `row` shows now. */
function row(env: VectorEnv, i: number) {
  const c = env.columns
  const at = <T extends ArrayLike<number>>(column: T, size = 1) => Array.from(column).slice(i * size, (i + 1) * size)
  return {
    observation: at(c.observations[0]!.data, 2),
    final: at(c.finalObservations[0]!.data, 2),
    reward: c.rewards[i],
    flags: `${c.terminated[i]}${c.truncated[i]}${c.skipped[i]}${c.failed[i]}`,
    return: c.episodeReturns[i],
    length: c.episodeLengths[i],
    outcome: c.outcomes[i],
    task: c.taskIds[i],
    finalTask: c.finalTaskIds[i],
    mask: at(c.actionMasks!, 3),
    finalMask: at(c.finalActionMasks!, 3),
  }
}

function stepWith(env: VectorEnv, ...actions: number[]): void {
  env.columns.actions[0]!.data.set(actions)
  expect(env.step()).toBeUndefined()
}

/** The numbers that the generator of a seed draws at its first and second reset. */
const ids = (seed: number) => {
  const rng = new Pcg64(seed)
  return [rng.integers(1000), rng.integers(1000)]
}

const endings = [
  { name: 'termination', end: 2, limit: undefined, flags: '10' },
  { name: 'truncation', end: 99, limit: 2, flags: '01' },
  { name: 'both at once', end: 2, limit: 2, flags: '11' },
]

describe.each(endings)('SyncVectorEnv at $name', ({ end, limit, flags }) => {
  const make = (mode: AutoresetMode) => {
    const env = rowsOf(2, () => counter(end, limit).make(), { autoresetMode: mode })
    // Row 1 is one step behind, so that the rows end apart.
    env.reset({ seeds: [5, 6] })
    return env
  }
  const [first, second] = ids(5)
  const begun = {
    observation: [first, 0],
    reward: 0,
    flags: '0000',
    return: 0,
    length: 0,
    outcome: Number.NaN,
    task: first,
    finalTask: Number.NaN,
    mask: [1, 0, 1],
  }
  const middle = { ...begun, observation: [first, 1], reward: 11, return: 11, length: 1, mask: [1, 1, 1] }

  it('SameStep: the ending step carries the new episode and the last observation', () => {
    const env = make('SameStep')
    expect(row(env, 0)).toMatchObject(begun)
    stepWith(env, 1, 0)
    expect(row(env, 0)).toMatchObject(middle)
    stepWith(env, 2, 0)
    expect(row(env, 0)).toEqual({
      observation: [second, 0],
      final: [first, 2],
      reward: 12,
      flags: `${flags}00`,
      return: 23,
      length: 2,
      outcome: 0.52,
      task: second,
      finalTask: first,
      mask: [1, 0, 1],
      finalMask: [1, 0, 1],
    })
    stepWith(env, 0, 0)
    expect(row(env, 0)).toMatchObject({
      observation: [second, 1],
      reward: 10,
      flags: '0000',
      return: 10,
      length: 1,
      outcome: Number.NaN,
      task: second,
      finalTask: Number.NaN,
    })
  })

  it('NextStep: the next step resets, gives reward 0 and is skipped', () => {
    const env = make('NextStep')
    stepWith(env, 1, 0)
    expect(row(env, 0)).toMatchObject(middle)
    stepWith(env, 2, 0)
    const ended = {
      observation: [first, 2],
      final: [first, 2],
      reward: 12,
      flags: `${flags}00`,
      return: 23,
      length: 2,
      outcome: 0.52,
      task: first,
      finalTask: first,
      mask: [1, 0, 1],
    }
    expect(row(env, 0)).toMatchObject(ended)
    stepWith(env, 2, 0)
    expect(row(env, 0)).toMatchObject({
      observation: [second, 0],
      reward: 0,
      flags: '0010',
      return: 0,
      length: 0,
      outcome: Number.NaN,
      task: second,
      finalTask: Number.NaN,
    })
    stepWith(env, 1, 0)
    expect(row(env, 0)).toMatchObject({ observation: [second, 1], reward: 11, flags: '0000', return: 11, length: 1 })
  })

  it('Disabled: the row stands still until reset, the other goes on', () => {
    const env = make('Disabled')
    env.reset({ mask: [0, 1], seeds: [0, 6], options: { from: 0 } })
    stepWith(env, 1, 0)
    env.reset({ mask: [0, 1], seeds: [0, 6] })
    stepWith(env, 2, 0)
    const ended = {
      observation: [first, 2],
      final: [first, 2],
      return: 23,
      length: 2,
      outcome: 0.52,
      task: first,
      finalTask: first,
    }
    expect(row(env, 0)).toMatchObject({ ...ended, reward: 12, flags: `${flags}00` })
    expect(row(env, 1)).toMatchObject({ observation: [ids(6)[0], 1], flags: '0000' })
    stepWith(env, 1, 0)
    stepWith(env, 1, 0)
    expect(row(env, 0)).toMatchObject({ ...ended, reward: 0, flags: `${flags}10` })
    env.reset({ mask: [1, 0] })
    expect(row(env, 0)).toMatchObject({
      observation: [second, 0],
      flags: '0000',
      return: 0,
      length: 0,
      outcome: Number.NaN,
    })
    expect(row(env, 1)).toMatchObject({ flags: `${flags}10` })
    stepWith(env, 1, 0)
    expect(row(env, 0)).toMatchObject({ observation: [second, 1], flags: '0000', return: 11 })
  })

  it.each(['SameStep', 'NextStep', 'Disabled'] as const)(
    '%s: asynchronous rows give the same columns',
    async (mode) => {
      const sync = make(mode)
      const other = rowsOf(2, () => counter(end, limit, true).make(), { autoresetMode: mode })
      await other.reset({ seeds: [5, 6] })
      expect([row(other, 0), row(other, 1)]).toEqual([row(sync, 0), row(sync, 1)])
      for (let t = 0; t < 9; t++) {
        stepWith(sync, t % 3, 2)
        other.columns.actions[0]!.data.set([t % 3, 2])
        await other.step()
        expect([row(other, 0), row(other, 1)]).toEqual([row(sync, 0), row(sync, 1)])
      }
    },
  )
})

describe('SyncVectorEnv', () => {
  it('row i equals the single environment with seed + i', () => {
    const definition = counter(4, 7)
    const vector = makeVectorEnv(definition, 3)
    vector.reset({ seeds: 40 })
    for (let i = 0; i < 3; i++) {
      const single = definition.make()
      const { observation } = single.reset({ seed: 40 + i }) as { observation: number[] }
      expect(row(vector, i).observation).toEqual(observation)
    }
  })

  it('passes options to the rows of a masked reset and leaves others alone', () => {
    const env = rowsOf(3, () => counter(9).make())
    env.reset({ seeds: 1 })
    env.reset({ mask: Uint8Array.of(0, 1, 0), options: { from: 4 } })
    expect([0, 1, 2].map((i) => row(env, i).observation[1])).toEqual([0, 4, 0])
    expect(() => env.reset({ options: { form: 4 } })).toThrow(/Did you mean 'from'/)
  })

  it('refuses steps before reset, illegal actions, and arguments of another length', () => {
    const env = rowsOf(2, () => counter(9).make())
    expect(() => env.step()).toThrow(expect.objectContaining({ code: 'RPR_ENV_ORDER' }))
    env.reset({ mask: [1, 0] })
    expect(() => env.step()).toThrow(/row 1 was stepped or rendered before reset/)
    env.reset()
    env.columns.actions[0]!.data.set([0, 3])
    expect(() => env.step()).toThrow(/action 3 of row 1 is not legal/)
    expect(row(env, 0).length).toBe(0)
    expect(() => env.reset({ seeds: [1] })).toThrow(/seeds has 1 entries for 2/)
    expect(() => env.reset({ mask: [1] })).toThrow(/mask has 1 entries for 2/)
    expect(() => new SyncVectorEnv([])).toThrow(/one environment or more/)
    const other = defineEnv({
      id: 'O-v0',
      observationSpace: discrete(2),
      actionSpace: discrete(3),
      reset: () => 0,
      step: () => ({ state: 0, reward: 0, terminated: true }),
      observe: () => 0,
    })
    expect(() => new SyncVectorEnv([counter(9).make(), other.make()])).toThrow(
      /row 1 has observationSpace Discrete\(2\)/,
    )
  })

  it.each(['SameStep', 'NextStep', 'Disabled'] as const)('%s: goes on exactly from a snapshot', (mode) => {
    const make = () => rowsOf(3, () => counter(3, 5).make(), { autoresetMode: mode })
    const env = make()
    expect(env.canSnapshot).toBe(true)
    env.reset({ seeds: 2 })
    for (let t = 0; t < 4; t++) stepWith(env, 0, 1, 2)
    const saved = env.snapshot()
    const rest = (target: VectorEnv) =>
      Array.from({ length: 7 }, () => {
        stepWith(target, 2, 1, 0)
        return [0, 1, 2].map((i) => row(target, i))
      })
    const before = [0, 1, 2].map((i) => row(env, i))
    const expected = rest(env)
    const other = make()
    other.restore(saved)
    expect([0, 1, 2].map((i) => row(other, i))).toEqual(before)
    expect(rest(other)).toEqual(expected)
    expect(() => rowsOf(2, () => counter(3, 5).make(), { autoresetMode: mode }).restore(saved)).toThrow(/3 rows/)
  })

  it('renders and closes rows', async () => {
    const env = rowsOf(2, () => counter(9).make())
    expect(() => env.render(0)).toThrow(/before reset/)
    env.reset()
    stepWith(env, 0, 0)
    expect(env.render(1)).toBe('t=1')
    expect(() => env.render(2)).toThrow(/0 to 1/)
    expect(env.close()).toBeUndefined()
    const bare = rowsOf(1, () => custom({}))
    await bare.reset()
    expect(() => bare.render(0)).toThrow(expect.objectContaining({ code: 'RPR_ENV_UNSUPPORTED' }))
    expect(bare.canSnapshot).toBe(false)
    expect(() => bare.snapshot()).toThrow(/no snapshot/)
  })

  it('refuses a snapshot that a file would not hold', () => {
    const inner = counter(3).make()
    const env: AnyEnv = Object.assign(Object.create(inner) as AnyEnv, {
      observationSpace: inner.observationSpace,
      actionSpace: inner.actionSpace,
      spec: inner.spec,
      reset: () => inner.reset(),
      snapshot: () => ({ seen: new Map() }) as never,
      restore() {},
    })
    const vector = new SyncVectorEnv([env])
    vector.reset()
    expect(() => vector.snapshot()).toThrow(
      expect.objectContaining({ code: 'RPR_ENV_CONTRACT', message: expect.stringContaining('seen is a Map') }),
    )
  })

  it('runs all rows of an asynchronous step side by side', async () => {
    const log: string[] = []
    const env = rowsOf(2, () =>
      custom({
        step: async () => {
          log.push('begin')
          await new Promise((resolve) => setTimeout(resolve, 5))
          log.push('end')
          return good
        },
      }),
    )
    env.reset()
    await env.step()
    expect(log).toEqual(['begin', 'begin', 'end', 'end'])
  })
})

const good: StepResult<unknown> = { observation: [0, 0], reward: 1, terminated: false, truncated: false }

/** A hand-written environment with one call changed. */
function custom(changes: Partial<Env>): AnyEnv {
  return {
    spec: { id: 'Custom-v0' },
    observationSpace: box({ low: -9, high: 9, shape: [2] }),
    actionSpace: discrete(2),
    reset: () => ({ observation: [0, 0] }),
    step: () => good,
    ...changes,
  }
}

describe('contract breaches throw, naming the environment, the row and what to do, also under fail', () => {
  const masks = { spec: { id: 'Custom-v0', actionMasks: true } }
  const withMask = (mask: number[] | undefined) => ({ observation: [0, 0], ...(mask ? { actionMask: mask } : {}) })
  const cases: [string, Partial<Env>, RegExp][] = [
    [
      'NaN observation',
      { step: () => ({ ...good, observation: [0, Number.NaN] }) },
      /NaN at element 1.*division by zero/,
    ],
    ['float32 overflow', { step: () => ({ ...good, observation: [1e39, 0] }) }, /Infinity at element 0/],
    ['observation of another length', { step: () => ({ ...good, observation: [0] }) }, /2 numbers.*check-env/],
    ['no observation', { step: () => ({}) as StepResult<unknown> }, /step returned \{\}/],
    ['NaN reward', { step: () => ({ ...good, reward: Number.NaN }) }, /reward NaN.*finite number/],
    ['infinite reward', { step: () => ({ ...good, reward: -Infinity }) }, /reward -Infinity/],
    [
      'flag that is no boolean',
      { step: () => ({ ...good, terminated: 1 as unknown as boolean }) },
      /terminated 1.*booleans/,
    ],
    ['outcome beyond 1', { step: () => ({ ...good, terminated: true, outcome: 2 }) }, /outcome 2/],
    ['outcome mid-episode', { step: () => ({ ...good, outcome: 1 }) }, /mid-episode.*last step only/],
    ['task id', { step: () => ({ ...good, taskId: 0.5 }) }, /task id 0.5.*safe integer/],
    ['mask not declared', { step: () => ({ ...good, actionMask: [1, 1] }) }, /without having declared any/],
    ['mask missing', { ...masks, reset: () => withMask([1, 1]) }, /action mask is missing/],
    ['mask length', { ...masks, reset: () => withMask([1]) }, /1 elements.*needs 2/],
    ['mask values', { ...masks, reset: () => withMask([1, 0.5]) }, /0.5 at 1/],
    ['no legal action', { ...masks, reset: () => withMask([0, 0]) }, /no legal action.*Terminate/],
    ['reset result', { reset: () => undefined as never }, /reset returned undefined/],
  ]
  it.each(cases)('%s', async (_, changes, message) => {
    for (const onError of ['throw', 'fail'] as const) {
      const run = async (wrap: (env: AnyEnv) => AnyEnv) => {
        const env = new SyncVectorEnv(
          [
            custom(
              changes.spec
                ? { ...changes, reset: () => withMask([1, 1]), step: () => ({ ...good, actionMask: [1, 1] }) }
                : {},
            ),
            wrap(custom(changes)),
          ],
          { onError },
        )
        await env.reset()
        await env.step()
      }
      for (const wrap of [(env: AnyEnv) => env, asynchronously]) {
        const error = await run(wrap).catch((e: unknown) => e)
        expect(error).toMatchObject({ code: 'RPR_ENV_CONTRACT', message: expect.stringMatching(message) })
        expect((error as Error).message).toMatch(/Custom-v0, row 1/)
      }
    }
  })
})

/** The same environment answering with promises. */
function asynchronously(env: AnyEnv): AnyEnv {
  return {
    ...env,
    reset: async (options?: ResetOptions) => env.reset(options),
    step: async (action) => env.step(action),
  }
}

describe('action masks', () => {
  it('may be declared by the first reset', () => {
    const step = () => ({ ...good, actionMask: [0, 1] })
    const env = rowsOf(2, () => custom({ reset: () => ({ observation: [0, 0], actionMask: [1, 0] }), step }))
    expect(env.maskSize).toBe(0)
    env.reset()
    expect(env.maskSize).toBe(2)
    expect([...env.columns.actionMasks!]).toEqual([1, 0, 1, 0])
    env.step()
    expect([...env.columns.actionMasks!]).toEqual([0, 1, 0, 1])
  })

  it('need a legal value in every sub-action, but not at a termination', () => {
    const spec = { id: 'Custom-v0', actionMasks: true }
    const actionSpace = multiDiscrete([2, 2])
    const reset = () => ({ observation: [0, 0], actionMask: [1, 0, 0, 1] })
    const bad = rowsOf(1, () =>
      custom({ spec, actionSpace, reset, step: () => ({ ...good, actionMask: [1, 1, 0, 0] }) }),
    )
    expect(bad.maskSize).toBe(4)
    bad.reset()
    expect(() => bad.step()).toThrow(/no legal action/)
    const last = rowsOf(
      1,
      () => custom({ spec, actionSpace, reset, step: () => ({ ...good, terminated: true, actionMask: [0, 0, 0, 0] }) }),
      { autoresetMode: 'NextStep' },
    )
    last.reset()
    last.step()
    expect([...last.columns.finalActionMasks!]).toEqual([0, 0, 0, 0])
    expect([...last.columns.actionMasks!]).toEqual([1, 1, 1, 1])
  })
})

describe('onError', () => {
  /** Fails in its second step, and in the resets that `failing` names. */
  const fragile = (failing: number[] = []) => {
    let resets = 0
    let t = 0
    return custom({
      reset: () => {
        t = 0
        if (failing.includes(resets++)) throw new Error(`reset ${resets - 1}`)
        return { observation: [resets, 0] }
      },
      step: () => {
        if (++t === 2) throw new Error('boom')
        return { ...good, observation: [resets, t] }
      },
    })
  }
  const show = (env: VectorEnv) => {
    const { observations, finalObservations, rewards, terminated, truncated, skipped, failed, episodeLengths } =
      env.columns
    return {
      observation: [...observations[0]!.data],
      final: [...finalObservations[0]!.data],
      reward: rewards[0],
      flags: `${terminated[0]}${truncated[0]}${skipped[0]}${failed[0]}`,
      length: episodeLengths[0],
    }
  }

  it.each([(env: AnyEnv) => env, asynchronously])('throw: the error goes to the caller', async (wrap) => {
    const env = rowsOf(1, () => wrap(fragile()))
    await env.reset()
    await env.step()
    const failed = await (async () => env.step())().catch((error) => error)
    expect(failed).toMatchObject({ code: 'RPR_ENV_FAILED', cause: { message: 'boom' } })
    expect(failed.message).toMatch(/row 0: step threw Error: boom\. /)
    expect(failed.cause.stack).toContain('sync-vector-env.test')
    const noStart = rowsOf(1, () => wrap(fragile([0])))
    await expect((async () => noStart.reset())()).rejects.toThrow(/row 0: reset threw Error: reset 0\. /)
  })

  it.each([(env: AnyEnv) => env, asynchronously])('fail: the row ends where it stood and goes on', async (wrap) => {
    const env = rowsOf(1, () => wrap(fragile()), { onError: 'fail' })
    await env.reset()
    await env.step()
    await env.step()
    expect(show(env)).toEqual({ observation: [2, 0], final: [1, 1], reward: 0, flags: '0101', length: 1 })
    expect(env.errors[0]).toMatchObject({ message: 'boom' })
    await env.step()
    expect(show(env)).toMatchObject({ observation: [2, 1], reward: 1, flags: '0000', length: 1 })
  })

  it('fail in Disabled: the row stays failed until it is reset', async () => {
    const env = rowsOf(1, () => fragile([2]), { onError: 'fail', autoresetMode: 'Disabled' })
    await env.reset()
    for (let t = 0; t < 4; t++) await env.step()
    expect(show(env)).toMatchObject({ observation: [1, 1], reward: 0, flags: '0111' })
    await env.reset()
    expect(show(env)).toMatchObject({ observation: [2, 0], flags: '0000' })
    await env.reset()
    expect(show(env)).toMatchObject({ flags: '0101', length: 0 })
    await env.step()
    expect(show(env)).toMatchObject({ flags: '0111' })
  })

  it('fail in SameStep: a reset that fails is tried again in the next step, which is skipped', async () => {
    const env = rowsOf(1, () => fragile([1, 2]), { onError: 'fail' })
    await env.reset()
    await env.step()
    await env.step()
    expect(show(env)).toMatchObject({ observation: [1, 1], flags: '0101' })
    await env.step()
    expect(show(env)).toMatchObject({ observation: [1, 1], flags: '0011', length: 0 })
    await env.step()
    expect(show(env)).toMatchObject({ observation: [4, 0], flags: '0010' })
    await env.step()
    expect(show(env)).toMatchObject({ observation: [4, 1], flags: '0000', length: 1 })
  })

  it('a good last step survives a failing reset', async () => {
    let resets = 0
    const env = rowsOf(
      1,
      () =>
        custom({
          reset: () => {
            if (resets++ === 1) throw new Error('reset')
            return { observation: [0, 0] }
          },
          step: () => ({ ...good, observation: [7, 7], terminated: true }),
        }),
      { onError: 'fail' },
    )
    env.reset()
    env.step()
    expect(show(env)).toMatchObject({ observation: [7, 7], final: [7, 7], reward: 1, flags: '1000', length: 1 })
    env.step()
    expect(show(env)).toMatchObject({ observation: [0, 0], reward: 0, flags: '0010' })
  })

  it('waits for the other rows before an error leaves a step', async () => {
    let finished = 0
    const slow = custom({
      step: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        finished++
        return good
      },
    })
    const throwing = custom({
      step: () => {
        throw new Error('boom')
      },
    })
    for (const last of [throwing, asynchronously(throwing)]) {
      const env = new SyncVectorEnv([slow, last])
      await env.reset()
      await expect((async () => env.step())()).rejects.toThrow('boom')
    }
    expect(finished).toBe(2)
  })
})

describe('against the native engine', () => {
  const native = defineNativeEnv({
    id: 'Drift-v0',
    summary: 'A random walk that may leave [-1, 1].',
    actionMasks: true,
    options: {},
    maxEpisodeSteps: 9,
    layout: () => ({
      observationSpace: box({ low: -9, high: 9, shape: [2] }),
      actionSpace: discrete(3),
      stateSize: 2,
    }),
    create: ({ state, observations, actions, rewards, terminated, random, actionMasks }) => {
      const show = (r: number) => {
        for (let k = 0; k < 2; k++) observations[0]!.data[r * 2 + k] = state[r * 2 + k]!
        for (let k = 0; k < 3; k++) actionMasks[r * 3 + k] = k === 1 || state[r * 2]! > 0 ? 1 : 0
      }
      return {
        reset: (r) => {
          state[r * 2] = random[r]!.uniform(-0.5, 0.5)
          state[r * 2 + 1] = 0
          show(r)
        },
        step: (begin, end) => {
          for (let r = begin; r < end; r++) {
            state[r * 2]! += (actions[0]!.data[r]! - 1) * 0.3 + random[r]!.uniform(-0.2, 0.2)
            state[r * 2 + 1]! += 1
            rewards[r] = state[r * 2]!
            terminated[r] = Math.abs(state[r * 2]!) > 1 ? 1 : 0
            show(r)
          }
        },
        outcome: (r) => (state[r * 2]! > 1 ? 1 : 0),
        taskId: () => 3,
        render: () => '',
      }
    },
  })

  it.each(['SameStep', 'NextStep', 'Disabled'] as const)(
    '%s: equal columns for equal seeds and actions',
    (autoresetMode) => {
      const n = 5
      const batched = native.makeVector!(n, { autoresetMode })
      const sync = rowsOf(n, () => native.make(), { autoresetMode })
      const rng = new Pcg64(1)
      const compare = () => {
        for (let i = 0; i < n; i++) {
          const [a, b] = [row(batched, i), row(sync, i)]
          // Final columns are defined on rows that ended in this step.
          if (!/^(1|01)..$|^1/.test(a.flags) || a.flags[2] === '1') {
            for (const key of ['final', 'finalTask', 'finalMask'] as const) Reflect.deleteProperty(a, key)
            for (const key of ['final', 'finalTask', 'finalMask'] as const) Reflect.deleteProperty(b, key)
          }
          expect(b).toEqual(a)
        }
      }
      for (const env of [batched, sync]) env.reset({ seeds: 11 })
      compare()
      for (let t = 0; t < 60; t++) {
        const actions = Array.from({ length: n }, () => rng.integers(3))
        for (const env of [batched, sync]) stepWith(env, ...actions)
        compare()
        if (autoresetMode === 'Disabled' && t % 12 === 11) {
          const mask = Uint8Array.from(sync.columns.terminated, (flag, i) => flag | sync.columns.truncated[i]!)
          for (const env of [batched, sync]) env.reset({ mask })
          compare()
        }
      }
    },
  )
})
