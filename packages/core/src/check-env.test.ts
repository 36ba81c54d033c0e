import { describe, expect, it } from 'vitest'
import { assertEnv, checkEnv } from './check-env.ts'
import { defineEnv } from './define-env.ts'
import type { AnyEnv, Env, ResetOptions, ResetResult, StepResult } from './env.ts'
import { Pcg64 } from './random.ts'
import type { Space } from './space.ts'
import { box, dict, discrete, multiDiscrete, text } from './spaces/index.ts'
import type { Serializable } from './types.ts'

const good = defineEnv({
  id: 'Good-v0',
  maxEpisodeSteps: 20,
  observationSpace: box({ low: [0, 0], high: [1, 30] }),
  actionSpace: multiDiscrete([2, 3]),
  reset: ({ rng }) => ({ x: rng.random(), t: 0 }),
  step: async ({ state, rng }) => ({
    state: { x: rng.random(), t: state.t + 1 },
    reward: state.x,
    terminated: state.x > 0.95,
    outcome: state.x,
  }),
  observe: ({ state }) => [state.x, state.t],
  actionMask: ({ state }) => [1, 0, 1, state.t % 2, 1],
  taskId: () => 4,
  render: ({ state }) => String(state.x),
})

/** A sound hand-written environment; subclasses break it in one place each. */
class Sound implements Env<ArrayLike<number>, number> {
  observationSpace: Space<ArrayLike<number>> = box({ low: 0, high: 100, shape: [2] })
  actionSpace: Space<number> = discrete(2)
  spec = { id: 'Sound-v0', maxEpisodeSteps: 30 }
  rng = new Pcg64(0)
  state = [0, 0]
  reset({ seed }: ResetOptions = {}): ResetResult<ArrayLike<number>> {
    if (seed !== undefined) this.rng = new Pcg64(seed)
    this.state = [this.rng.random(), 0]
    return { observation: [...this.state] }
  }
  step(action: number): StepResult<ArrayLike<number>> {
    this.state = [this.rng.random(), this.state[1]! + action]
    const terminated = this.state[1]! >= 5
    return {
      observation: [...this.state],
      reward: action,
      terminated,
      truncated: false,
      ...(terminated ? { outcome: 1 } : {}),
    }
  }
  snapshot(): Serializable {
    return { rng: this.rng.state(), state: [...this.state] }
  }
  restore(saved: Serializable): void {
    const { rng, state } = saved as unknown as { rng: ReturnType<Pcg64['state']>; state: number[] }
    this.rng.setState(rng)
    this.state = [...state]
  }
}

type Step = StepResult<ArrayLike<number>>
/** `Sound` with each step's result changed. */
const stepping = (change: (step: Step, env: Sound) => unknown) => () => {
  const env = new Sound()
  const step = env.step.bind(env)
  env.step = (action) => change(step(action), env) as Step
  return env as AnyEnv
}
const changed = (changes: object) => () => Object.assign(new Sound(), changes) as unknown as AnyEnv

describe('checkEnv', () => {
  it('finds nothing in sound environments, asynchronous ones included', async () => {
    expect(await checkEnv(good)).toEqual([])
    expect(await checkEnv(() => new Sound())).toEqual([])
    expect(await assertEnv(good)).toEqual([])
  })

  let draws = 0
  const broken: [check: string, level: 'error' | 'warning', message: RegExp, make: () => AnyEnv][] = [
    [
      'make',
      'error',
      /It threw Error: no display/,
      () => {
        throw new Error('no display')
      },
    ],
    ['interface', 'error', /no step method/, changed({ step: undefined })],
    ['interface', 'error', /no spec/, changed({ spec: undefined })],
    ['interface', 'error', /only one of snapshot and restore/, changed({ restore: undefined })],
    ['spaces', 'error', /actionSpace is no space/, changed({ actionSpace: { n: 2 } })],
    ['spaces', 'warning', /unbounded in 1 elements/, changed({ actionSpace: box({ low: 0, high: Infinity }) })],
    ['spaces', 'warning', /not symmetric/, changed({ actionSpace: box({ low: 0, high: 1 }) })],
    ['spaces', 'warning', /low equal to high in 1/, changed({ observationSpace: box({ low: [0, 0], high: [1, 0] }) })],
    [
      'spaces',
      'warning',
      /looks like an image/,
      changed({ observationSpace: box({ low: 0, high: 255, shape: [2, 2, 1] }) }),
    ],
    [
      'spaces',
      'warning',
      /observationSpace.name is Text/,
      changed({ observationSpace: dict({ name: text({ maxLength: 2 }) }) }),
    ],
    ['spaces', 'warning', /a single value/, changed({ actionSpace: discrete(1) })],
    [
      'reset',
      'error',
      /It threw Error: no seed/,
      changed({
        reset: () => {
          throw new Error('no seed')
        },
      }),
    ],
    ['reset-result', 'error', /reset returned \[0, 0\]/, changed({ reset: () => [0, 0] })],
    [
      'reset-observation',
      'error',
      /element 1 is 101, the bounds are 0 and 100/,
      changed({ reset: () => ({ observation: [0, 101] }) }),
    ],
    [
      'reset-determinism',
      'error',
      /Two resets with seed 42 differ \(observation.0: 1 against 2\)/,
      changed({ reset: () => ({ observation: [++draws % 100, 0] }) }),
    ],
    ['reset-seeds', 'warning', /same first observation/, changed({ reset: () => ({ observation: [0, 0] }) })],
    [
      'reset-options',
      'error',
      /accept options/,
      changed({
        reset: ({ options }: ResetOptions = {}) => {
          if (options) throw new Error('x')
          return { observation: [0, 0] }
        },
      }),
    ],
    [
      'step',
      'error',
      /It threw Error: boom. step must not fail for a legal action/,
      stepping(() => {
        throw new Error('boom')
      }),
    ],
    ['step-result', 'error', /step returned undefined/, stepping(() => undefined)],
    [
      'step-observation',
      'error',
      /it has 3 elements instead of 2/,
      stepping((step) => ({ ...step, observation: [0, 0, 0] })),
    ],
    ['step-observation', 'error', /element 0 is NaN/, stepping((step) => ({ ...step, observation: [Number.NaN, 0] }))],
    [
      'finite-observation',
      'error',
      /infinite/,
      () =>
        Object.assign(stepping((step) => ({ ...step, observation: [Infinity, 0] }))(), {
          observationSpace: box({ low: 0, high: Infinity, shape: [2] }),
        }),
    ],
    ['reward', 'error', /reward NaN/, stepping((step) => ({ ...step, reward: Number.NaN }))],
    ['reward', 'error', /reward "1"/, stepping((step) => ({ ...step, reward: '1' }))],
    ['flags', 'error', /truncated = undefined/, stepping(({ truncated: _, ...step }) => step)],
    ['outcome', 'error', /before the last step/, stepping((step) => ({ ...step, terminated: false, outcome: 1 }))],
    ['outcome', 'error', /outcome 7/, stepping((step) => ({ ...step, terminated: true, outcome: 7 }))],
    ['info', 'error', /info = 3/, stepping((step) => ({ ...step, info: 3 }))],
    ['task-id', 'error', /task id 1.5/, stepping((step) => ({ ...step, taskId: 1.5 }))],
    [
      'action-mask',
      'error',
      /Action masks begin after the first reset/,
      stepping((step) => ({ ...step, actionMask: [1, 1] })),
    ],
    ['action-mask', 'error', /An action mask is missing/, changed({ spec: { id: 'M-v0', actionMasks: true } })],
    [
      'action-mask',
      'error',
      /3 elements for Discrete\(2\)/,
      changed({ reset: () => ({ observation: [0, 0], actionMask: [1, 1, 1] }) }),
    ],
    [
      'action-mask',
      'error',
      /no legal action/,
      changed({ reset: () => ({ observation: [0, 0], actionMask: [0, 0] }) }),
    ],
    [
      'shared-observation',
      'warning',
      /changed the observation that it had handed out/,
      stepping((step, env) => {
        shared.set(step.observation)
        void env
        return { ...step, observation: shared }
      }),
    ],
    [
      'episode-end',
      'warning',
      /no time limit/,
      () =>
        Object.assign(stepping((step) => ({ ...step, terminated: false, outcome: undefined }))(), {
          spec: { id: 'E-v0' },
          observationSpace: box({ low: 0, high: 1e9, shape: [2] }),
        }),
    ],
    ['step-determinism', 'error', /different episodes/, stepping((step) => ({ ...step, reward: ++draws }))],
    ['render', 'error', /returned no text/, changed({ render: () => 3 })],
    ['snapshot', 'warning', /resumed run starts new episodes/, changed({ snapshot: undefined, restore: undefined })],
    [
      'snapshot',
      'error',
      /Restored into the same environment, it went on differently/,
      changed({ restore: () => undefined }),
    ],
    ['snapshot', 'error', /is a Map, which cannot be saved/, changed({ snapshot: () => ({ cells: new Map() }) })],
    [
      'close',
      'error',
      /called twice/,
      () => {
        let open = true
        return Object.assign(new Sound(), {
          close: () => {
            if (!open) throw new Error('closed')
            open = false
          },
        }) as AnyEnv
      },
    ],
  ]
  const shared = new Float64Array(2)

  it.each(broken)('%s %s: %s', async (check, level, message, make) => {
    draws = 0
    const findings = await checkEnv(make, { steps: 60 })
    expect(findings).toContainEqual({ check, level, message: expect.stringMatching(message) })
    // A sound environment with one fault is not accused of many, nor of one many times.
    const others = findings.filter((finding) => finding.level === 'error' && finding.check !== check)
    expect(new Set(others.map((finding) => finding.check)).size).toBeLessThan(3)
    expect(findings.length).toBeLessThan(7)
    if (level === 'error')
      await expect(assertEnv(make, { steps: 60 })).rejects.toMatchObject({ code: 'RPR_ENV_CONTRACT' })
  })

  it('finds a snapshot that shares its arrays with the environment', async () => {
    class Sharing extends Sound {
      override state = [0, 0]
      override snapshot(): Serializable {
        return { rng: this.rng.state(), state: this.state }
      }
      override restore(saved: Serializable): void {
        super.restore(saved)
      }
      override step(action: number): Step {
        const result = super.step(action)
        return result
      }
    }
    const make = () => {
      const env = new Sharing()
      const step = env.step.bind(env)
      env.step = (action) => {
        const kept = env.state
        const result = step(action)
        kept.splice(0, 2, ...env.state)
        env.state = kept
        return result
      }
      return env
    }
    const findings = await checkEnv(make)
    expect(findings).toContainEqual({
      check: 'snapshot',
      level: 'error',
      message: expect.stringMatching(/changed while the environment went on/),
    })
  })

  it('takes environment options and asks nothing of one that says it is not deterministic', async () => {
    const random = stepping((step) => ({ ...step, reward: ++draws }))
    const findings = await checkEnv(() =>
      Object.assign(random(), { spec: { id: 'R-v0', maxEpisodeSteps: 9, deterministic: false } }),
    )
    expect(findings.filter(({ level }) => level === 'error')).toEqual([])
    await expect(checkEnv(good, { options: { nothing: 1 } })).resolves.toContainEqual(
      expect.objectContaining({ check: 'make' }),
    )
  })
})
