import { assertEnv, checkVectorEnv, type EnvOptions, type RepriseError } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { acrobot, cartPole, classicControl, mountainCar, mountainCarContinuous, pendulum } from './index.ts'

describe.each(classicControl)('$spec.id', (definition) => {
  it('keeps the contract of Env', async () => {
    await assertEnv(definition)
  })

  it('has vector rows equal to single environments in every mode, and restores exactly', async () => {
    await checkVectorEnv(definition, { steps: 600, seed: 3 })
  })

  it('draws itself in any state', () => {
    const env = definition.make()
    env.reset({ seed: 1 })
    env.actionSpace.seed(1)
    for (let i = 0; i < 100; i++) {
      expect(env.render!()).toMatch(/\n$/)
      const result = env.step(env.actionSpace.sample()) as { terminated: boolean; truncated: boolean }
      if (result.terminated || result.truncated) env.reset()
    }
  })

  it('takes another time limit', () => {
    const env = definition.make({}, { maxEpisodeSteps: 2 })
    env.reset({ seed: 0 })
    env.step(env.actionSpace.sample())
    expect(env.step(env.actionSpace.sample())).toMatchObject({ truncated: true })
  })
})

describe('options', () => {
  const code = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      return (error as RepriseError).code
    }
    return 'no error'
  }

  it('keeps vector rows equal to single environments', async () => {
    const cases: [(typeof classicControl)[number], EnvOptions][] = [
      [cartPole, { suttonBartoReward: true }],
      [mountainCar, { goalVelocity: 0.02 }],
      [mountainCarContinuous, { goal_velocity: 0.02 }],
      [pendulum, { g: 9.81 }],
      [acrobot, { bookOrNips: 'nips' }],
    ]
    for (const [definition, options] of cases) await checkVectorEnv(definition, { options, steps: 250 })
  })

  it('refuses bad ones by name', () => {
    expect(code(() => cartPole.make({ suttonReward: true }))).toBe('RPR_OPTION_UNKNOWN')
    expect(code(() => acrobot.make({ bookOrNips: 'film' }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => cartPole.make().reset({ options: { low: 1, high: 0 } }))).toBe('RPR_OPTION_CONFLICT')
    expect(code(() => pendulum.make().reset({ options: { xInit: -1 } }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => cartPole.makeVector!(2).reset({ options: { middle: 1 } }))).toBe('RPR_OPTION_UNKNOWN')
  })
})

describe('actions', () => {
  it('beyond a Box are clipped by vector dynamics as in Gymnasium and refused by the single form', () => {
    const vector = mountainCarContinuous.makeVector!(2)
    vector.reset({ seeds: [4, 4] })
    vector.columns.actions[0]!.data.set([1, 7])
    vector.step()
    const [position, velocity, position7, velocity7] = vector.columns.observations[0]!.data
    // NumPy keeps a clipped force in double precision: equal but for rounding.
    expect(position7).toBeCloseTo(position!, 7)
    expect(velocity7).toBeCloseTo(velocity!, 7)
    expect(vector.columns.rewards[1]).toBeCloseTo(-4.9)
    vector.columns.actions[0]!.data[0] = Number.NaN
    expect(() => vector.step()).toThrow(/action \[NaN\] of row 0/)
    const single = mountainCarContinuous.make()
    single.reset({ seed: 0 })
    expect(() => single.step([7])).toThrow(/Action \[7\] of MountainCarContinuous-v0/)
  })
})

describe('outcomes', () => {
  const last = (outcomes: Float64Array) => outcomes[0]

  it('CartPole: 1 for surviving to the limit, 0 for falling', () => {
    const vector = cartPole.makeVector!(1, { maxEpisodeSteps: 5 })
    vector.reset({ seeds: 0 })
    for (let i = 0; i < 5; i++) vector.step()
    expect(last(vector.columns.outcomes)).toBe(1)
    const falling = cartPole.makeVector!(1)
    falling.reset({ seeds: 0 })
    while (!falling.columns.terminated[0]) falling.step()
    expect(last(falling.columns.outcomes)).toBe(0)
  })

  it('MountainCar: 1 at the flag; pushing along with the velocity gets there', () => {
    const vector = mountainCar.makeVector!(1)
    vector.reset({ seeds: 0 })
    do {
      vector.columns.actions[0]!.data[0] = vector.columns.observations[0]!.data[1]! >= 0 ? 2 : 0
      vector.step()
    } while (!vector.columns.terminated[0] && !vector.columns.truncated[0])
    expect(vector.columns.terminated[0]).toBe(1)
    expect(last(vector.columns.outcomes)).toBe(1)
  })
})
