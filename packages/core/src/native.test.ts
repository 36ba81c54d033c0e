import { describe, expect, it } from 'vitest'
import {
  checkVectorEnv,
  defineNativeEnv,
  discrete,
  makeVectorEnv,
  multiDiscrete,
  option,
  type RepriseError,
  type ResetResult,
  tuple,
  type VectorMakeOptions,
} from './index.ts'

/** Counts down from a random number; action [1, x] counts double. Masks forbid doubling at 1. */
const countdown = defineNativeEnv({
  id: 'Countdown-v0',
  summary: 'Count down.',
  maxEpisodeSteps: 6,
  actionMasks: true,
  options: { top: option.integer({ default: 9, min: 2, doc: 'Largest start.' }) },
  resetOptions: { from: option.integer({ default: 0, min: 0, doc: 'Fixed start; 0 draws one.' }) },
  layout: ({ top }) => ({
    observationSpace: tuple([discrete(top + 1), discrete(2)]),
    actionSpace: multiDiscrete([2, 3]),
    stateSize: 2,
  }),
  create: ({ state, actions, observations, actionMasks, rewards, terminated, truncated, random, options }) => {
    const [left, odd] = observations.map(({ data }) => data as Int32Array) as [Int32Array, Int32Array]
    const action = actions[0]!.data as Int32Array
    const observe = (row: number) => {
      left[row] = state[row * 2]!
      odd[row] = state[row * 2]! % 2
      actionMasks.fill(1, row * 5, row * 5 + 5)
      actionMasks[row * 5 + 1] = left[row]! > 1 ? 1 : 0
    }
    return {
      reset(row, { from }) {
        state[row * 2] = from > 0 ? from : 1 + random[row]!.integers(options.top)
        state[row * 2 + 1] = state[row * 2]!
        observe(row)
      },
      step(begin, end) {
        for (let row = begin; row < end; row++) {
          state[row * 2] = Math.max(0, state[row * 2]! - 1 - action[row * 2]!)
          rewards[row] = action[row * 2 + 1]! / 2
          terminated[row] = state[row * 2] === 0 ? 1 : 0
          observe(row)
        }
      },
      outcome: (row) => (truncated[row] === 1 ? Number.NaN : 1 / state[row * 2 + 1]!),
      taskId: (row) => state[row * 2 + 1]!,
      render: (row) => `${state[row * 2]}`,
    }
  },
})

const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as RepriseError).code
  }
  return 'no error'
}

describe('a native environment', () => {
  it('has rows equal to single environments in every mode, and restores exactly', async () => {
    for (let seed = 0; seed < 20; seed++) await checkVectorEnv(countdown, { seed, steps: 60, numEnvs: 1 + (seed % 7) })
    await checkVectorEnv(countdown, { options: { top: 40 } })
  })

  it('keeps the same contract as SyncVectorEnv over single environments', async () => {
    const { makeVector: _, ...single } = countdown
    const makeVector = (numEnvs: number, options?: VectorMakeOptions) => makeVectorEnv(single, numEnvs, options)
    for (let seed = 0; seed < 5; seed++) await checkVectorEnv({ ...countdown, makeVector }, { seed, steps: 60 })
  })

  it('reports the first difference', async () => {
    const wrong = { ...countdown, make: () => countdown.make({ top: 3 }) }
    await expect(checkVectorEnv(wrong)).rejects.toThrow(/Countdown-v0, SameStep, step 0, row 0: observations/)
  })

  it('takes seeds per row, masks and reset options', () => {
    const vector = countdown.makeVector!(3, { autoresetMode: 'Disabled' })
    vector.reset({ seeds: [5, 7, 9], options: { from: 4 } })
    const [left] = vector.columns.observations
    expect([...left!.data]).toEqual([4, 4, 4])
    vector.reset({ seeds: [5, 0, 0], mask: [1, 0, 0] })
    const single = countdown.make()
    const { observation } = single.reset({ seed: 5 }) as ResetResult<readonly [number, number]>
    expect(left!.data[0]).toBe(observation[0])
    expect([...left!.data].slice(1)).toEqual([4, 4])
    expect(code(() => vector.reset({ mask: [1, 0] }))).toBe('RPR_SHAPE')
    expect(code(() => vector.reset({ seeds: [1] }))).toBe('RPR_SHAPE')
    expect(code(() => vector.reset({ options: { form: 3 } }))).toBe('RPR_OPTION_UNKNOWN')
    expect(code(() => countdown.make({ top: 1 }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => countdown.makeVector!(0))).toBe('RPR_OPTION_RANGE')
  })

  it('ends both ways at once: termination on the last legal step', () => {
    const vector = countdown.makeVector!(1)
    vector.reset({ options: { from: 6 } })
    for (let i = 0; i < 6; i++) vector.step()
    const { terminated, truncated, finalObservations, finalTaskIds, outcomes } = vector.columns
    expect([terminated[0], truncated[0], finalObservations[0]!.data[0], finalTaskIds[0]]).toEqual([1, 1, 0, 6])
    expect(outcomes[0]).toBeNaN()
  })

  it('refuses steps out of order and illegal actions, before any row moves', () => {
    const single = countdown.make()
    expect(code(() => single.step([0, 0]))).toBe('RPR_ENV_ORDER')
    single.reset({ options: { from: 1 } })
    expect(code(() => single.step([2, 0]))).toBe('RPR_ENV_ACTION')
    single.step([0, 0])
    expect(code(() => single.step([0, 0]))).toBe('RPR_ENV_ORDER')

    const vector = countdown.makeVector!(2)
    expect(code(() => vector.step())).toBe('RPR_ENV_ORDER')
    vector.reset({ mask: [1, 0] })
    expect(code(() => vector.step())).toBe('RPR_ENV_ORDER')
    expect(code(() => vector.render(1))).toBe('RPR_ENV_ORDER')
    vector.reset({ options: { from: 5 } })
    vector.columns.actions[0]!.data.set([0, 0, 0, 3])
    expect(code(() => vector.step())).toBe('RPR_ENV_ACTION')
    expect([...vector.columns.observations[0]!.data]).toEqual([5, 5])
  })

  it('refuses snapshots of another environment, width, mode or options', () => {
    const make = (n: number, autoresetMode: 'SameStep' | 'NextStep' = 'SameStep', top = 9) => {
      const vector = countdown.makeVector!(n, { autoresetMode, options: { top } })
      vector.reset({ seeds: 0 })
      return vector
    }
    const saved = make(2).snapshot()
    for (const other of [make(3), make(2, 'NextStep'), make(2, 'SameStep', 8)]) {
      expect(code(() => other.restore(saved))).toBe('RPR_STATE_MISMATCH')
    }
    const single = countdown.make()
    single.reset({ seed: 1 })
    expect(code(() => single.restore!(saved))).toBe('RPR_STATE_MISMATCH')
  })

  it('takes another time limit', () => {
    const vector = countdown.makeVector!(1, { maxEpisodeSteps: 2 })
    expect(vector.spec).toEqual({ id: 'Countdown-v0', maxEpisodeSteps: 2, actionMasks: true, deterministic: true })
    vector.reset({ options: { from: 6 } })
    vector.step()
    vector.step()
    expect(vector.columns.truncated[0]).toBe(1)
    expect(code(() => countdown.make({}, { maxEpisodeSteps: 0 }))).toBe('RPR_OPTION_RANGE')
  })

  it('takes its time limit from the options, and carries goals', () => {
    const goals = { reward: () => 0, terminated: () => false }
    const walk = defineNativeEnv({
      id: 'Walk-v0',
      summary: 'Walk.',
      maxEpisodeSteps: 3,
      options: { steps: option.integer({ default: 3, min: 1, doc: 'Steps.' }) },
      goals,
      limit: ({ steps }) => steps,
      layout: () => ({ observationSpace: discrete(2), actionSpace: discrete(2), stateSize: 1 }),
      create: () => ({ reset: () => {}, step: () => {}, render: () => '' }),
    })
    expect(walk.goals).toBe(goals)
    expect(walk.make().spec.maxEpisodeSteps).toBe(3)
    expect(walk.make({ steps: 7 }).spec.maxEpisodeSteps).toBe(7)
    expect(walk.make({ steps: 7 }, { maxEpisodeSteps: 4 }).spec.maxEpisodeSteps).toBe(4)
    const vector = walk.makeVector!(1, { options: { steps: 2 } })
    vector.reset({ seeds: 0 })
    vector.step()
    expect(vector.columns.truncated[0]).toBe(0)
    vector.step()
    expect(vector.columns.truncated[0]).toBe(1)
  })

  it('starts unseeded rows from the system, each differently', () => {
    const vector = countdown.makeVector!(64, { options: { top: 2 ** 30 } })
    vector.reset()
    expect(new Set(vector.columns.observations[0]!.data).size).toBeGreaterThan(60)
  })
})
