import { assertEnv, checkVectorEnv, type EnvOptions, type RepriseError } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { blackjack, cliffWalking, frozenLake, generateRandomMap, taxi, toyText } from './index.ts'

describe.each(toyText)('$spec.id', (definition) => {
  it('keeps the contract of Env', async () => {
    await assertEnv(definition)
  })

  it('has vector rows equal to single environments in every mode, and restores exactly', async () => {
    await checkVectorEnv(definition, { steps: 500, seed: 11 })
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
})

describe('options', () => {
  const code = (make: () => unknown): string => {
    try {
      make()
    } catch (error) {
      return (error as RepriseError).code
    }
    return 'no error'
  }

  it('keep vector rows equal to single environments', async () => {
    const cases: [(typeof toyText)[number], EnvOptions][] = [
      [frozenLake, { mapName: 'random', mapSize: 6, mapSeed: 4, success_rate: 0.9, rewardSchedule: [5, -1, -0.01] }],
      [frozenLake, { desc: 'SFS,HFG' }],
      [taxi, { isRainy: true, ficklePassenger: true, fickleProbability: 1 }],
      [blackjack, { sab: false, natural: true }],
      [cliffWalking, { isSlippery: true }],
    ]
    for (const [definition, options] of cases) await checkVectorEnv(definition, { options, steps: 250 })
  })

  it('that would do nothing are refused', () => {
    expect(code(() => frozenLake.make({ isSlippery: false, successRate: 0.5 }))).toBe('RPR_OPTION_INERT')
    expect(code(() => frozenLake.make({ desc: 'SG', mapName: '8x8' }))).toBe('RPR_OPTION_INERT')
    expect(code(() => frozenLake.make({ mapSeed: 3 }))).toBe('RPR_OPTION_INERT')
    expect(code(() => taxi.make({ rainyProbability: 0.5 }))).toBe('RPR_OPTION_INERT')
    expect(code(() => taxi.make({ fickleProbability: 0.5 }))).toBe('RPR_OPTION_INERT')
    expect(code(() => blackjack.make({ natural: true }))).toBe('RPR_OPTION_INERT')
  })

  it('that are no map or no schedule are refused', () => {
    expect(code(() => frozenLake.make({ desc: ['SF', 'F'] }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => frozenLake.make({ desc: ['SX'] }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => frozenLake.make({ desc: ['FG'] }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => frozenLake.make({ rewardSchedule: [1, 0] }))).toBe('RPR_OPTION_RANGE')
    expect(code(() => generateRandomMap(8, 0.05))).toBe('RPR_OPTION_RANGE')
  })
})

describe('outcomes', () => {
  const play = (definition: (typeof toyText)[number], actions: number[], options: EnvOptions = {}) => {
    const env = definition.make(options)
    env.reset({ seed: 0 })
    let result = env.step(actions[0]) as { outcome?: number; reward: number; terminated: boolean }
    for (const action of actions.slice(1)) result = env.step(action) as typeof result
    return result
  }

  it('FrozenLake: 1 at the goal, 0 in a hole, whatever the rewards', () => {
    const options = { isSlippery: false, rewardSchedule: [-3, 2, 0] }
    expect(play(frozenLake, [1, 1, 2, 2, 1, 2], options)).toMatchObject({ outcome: 1, reward: -3, terminated: true })
    expect(play(frozenLake, [1, 2], options)).toMatchObject({ outcome: 0, reward: 2, terminated: true })
  })

  it('CliffWalking: 1 at the goal, and a fall goes on', () => {
    const path = [0, ...Array.from({ length: 11 }, () => 1), 2]
    expect(play(cliffWalking, path)).toMatchObject({ outcome: 1, reward: -1, terminated: true })
    expect(play(cliffWalking, [1])).toMatchObject({ reward: -100, terminated: false })
  })

  it('Blackjack: 1 for a win only', () => {
    const env = blackjack.make()
    const seen = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      env.reset({ seed })
      const { reward, outcome } = env.step(0) as { reward: number; outcome?: number }
      seen.add(`${reward} ${outcome}`)
    }
    expect([...seen].sort()).toEqual(['-1 0', '0 0', '1 1'])
  })

  it('Taxi: 1 for a delivery, found by following the masks', () => {
    const vector = taxi.makeVector!(1)
    vector.reset({ seeds: 2 })
    taxi.make().actionSpace.seed(0)
    const space = vector.singleActionSpace
    space.seed(0)
    let delivered = false
    for (let i = 0; i < 20_000 && !delivered; i++) {
      vector.columns.actions[0]!.data[0] = space.sample(vector.columns.actionMasks) as number
      vector.step()
      delivered = vector.columns.terminated[0] === 1
      expect(vector.columns.rewards[0]).not.toBe(-10)
    }
    expect([delivered, vector.columns.outcomes[0], vector.columns.rewards[0]]).toEqual([true, 1, 20])
  })
})
