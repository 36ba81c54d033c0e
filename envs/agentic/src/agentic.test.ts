import { type AnyEnvDefinition, assertEnv, checkVectorEnv, type EnvOptions, type StepResult } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import {
  agentic,
  countdown,
  demonstrate,
  ezPoints,
  formDesk,
  hiddenSequence,
  measureBaseline,
  numberLine,
  ragenFrozenLake,
  sokoban,
  toolChain,
} from './index.ts'

const cases: [AnyEnvDefinition, EnvOptions][] = [
  ...agentic.map((definition): [AnyEnvDefinition, EnvOptions] => [definition, {}]),
  [hiddenSequence, { length: 1, moves: 2, tasks: 3, reward: 'dense' }],
  [numberLine, { max: 2, steps: 3 }],
  [ragenFrozenLake, { size: 6, slippery: false, frozen: 0.6, steps: 25 }],
  [ezPoints, { steps: 4 }],
  [sokoban, { size: 7, boxes: 2, steps: 30, minMoves: 5, maxMoves: 20 }],
  [toolChain, { tools: 3, capabilities: 1, length: 2, tasks: 5, firstTask: 9, mistakes: 4, reward: 'dense' }],
  [formDesk, { windows: 1, checks: 0, items: 3, goals: 1, popups: 1, masks: 'none', reward: 'dense' }],
  [countdown, { grammar: 'none', scoring: 'ragen', operators: 'additive' }],
]

describe.each(cases.map(([definition, options]) => ({ id: definition.spec.id, definition, options })))(
  '$id $options',
  ({ definition, options }) => {
    it('keeps the contract of Env', async () => {
      await assertEnv(definition, { options, steps: 100 })
    })

    it('has vector rows equal to single environments in every mode, and restores exactly', async () => {
      await checkVectorEnv(definition, { options, steps: 90, numEnvs: 3, seed: 11 })
    })

    it('names the same task for the same seed or task number, and others for others', () => {
      const env = definition.make(options)
      const reset = (seed: number, task?: number) =>
        env.reset({ seed, ...(task === undefined ? {} : { options: { task } }) }) as {
          taskId: number
          observation: unknown
        }
      const seeds = Array.from({ length: 40 }, (_, seed) => reset(seed).taskId)
      expect(definition.make(options).reset({ seed: 7 })).toEqual(env.reset({ seed: 7 }))
      const first = (options['firstTask'] as number | undefined) ?? 0
      expect(reset(1, first)).toEqual(reset(9, first))
      expect(reset(1, first).taskId).not.toBe(reset(1, first + 1).taskId)
      // As many tasks as seeds, but where the environment counts them.
      const counted = 'tasks' in definition.options
      expect(new Set(seeds).size).toBeGreaterThan(counted ? 2 : 39)
      if (counted) expect(() => reset(1, 2 ** 31)).toThrow(/'task' = 2147483648/)
    })

    it('draws itself', () => {
      const env = definition.make(options)
      env.reset({ seed: 1 })
      expect(env.render!()).toMatch(/\n$/)
    })
  },
)

it('gives equal tasks other ids under other options', () => {
  const id = (options: EnvOptions) => (numberLine.make(options).reset({ seed: 3 }) as { taskId: number }).taskId
  expect(id({})).not.toBe(id({ steps: 11 }))
})

it('reports an outcome in [0, 1] on last steps, and no other', () => {
  for (const [definition, options] of cases) {
    const env = definition.make(options)
    env.actionSpace.seed(0)
    let last = env.reset({ seed: 5 }) as { actionMask?: ArrayLike<number> }
    for (let i = 0; i < 300; i++) {
      const result = env.step(env.actionSpace.sample(last.actionMask)) as StepResult<unknown>
      const ended = result.terminated || result.truncated
      if (ended) expect([0, 1]).toContain(result.outcome)
      else expect(result.outcome).toBeUndefined()
      last = ended ? (env.reset() as typeof last) : result
    }
  }
})

it('has demonstrations with the masks of their actions', () => {
  const { actions, actionMasks, outcome, rewards } = demonstrate(ezPoints, 4)
  expect(actions.map((action, i) => actionMasks[i]![action])).toEqual([1, 1, 1, 1])
  expect([outcome, rewards]).toEqual([1, [0, 0, 0, 10]])
})

/** What section 4.3 of the group-relative reference computes, and what follows from the rules. */
describe('baselines', () => {
  const cases: [string, AnyEnvDefinition, EnvOptions, number, number][] = [
    ['HiddenSequence', hiddenSequence, {}, 5 ** -3, 1],
    ['NumberLine', numberLine, {}, 0.611, 1],
    ['RagenFrozenLake', ragenFrozenLake, {}, 0.219, 0.503],
    ['RagenFrozenLake not slippery', ragenFrozenLake, { slippery: false }, 0.219, 1],
    ['RagenFrozenLake, 5 steps', ragenFrozenLake, { steps: 5 }, 0.156, 0.296],
  ]
  it.each(cases)('of %s', (_, definition, options, random, best) => {
    const near = (player: 'random' | 'expert', value: number, episodes: number) => {
      const { outcome, error } = measureBaseline(definition, player, { options, episodes })
      expect(Math.abs(outcome - value)).toBeLessThan(4 * error + 0.001)
    }
    near('random', random, 3200)
    near('expert', best, 1280)
  })
})
