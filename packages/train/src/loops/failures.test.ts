/** Environments that throw now and then: groups go on without those episodes, in training and in evaluation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { box, discrete } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { evaluate } from '../load-agent.ts'
import { failedRunOf } from '../run/failed-run.ts'
import type { RunResult } from '../run/run-folder.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'
import { Failures } from './failures.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-failures-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Throws in the second step of episodes whose seed is `bad`. */
function flaky(bad: (seed: number) => boolean) {
  return class Flaky {
    readonly observationSpace = box({ low: 0, high: 10, shape: [1] })
    readonly actionSpace = discrete(2)
    readonly spec = { id: 'Flaky-v0', maxEpisodeSteps: 3 }
    #seed = 0
    #steps = 0
    reset({ seed = 0 } = {}) {
      this.#seed = seed
      this.#steps = 0
      return { observation: [1] }
    }
    step(action: unknown) {
      if (this.#steps++ === 1 && bad(this.#seed)) throw new TypeError('socket closed')
      return { observation: [1], reward: action as number, terminated: false, truncated: false }
    }
  }
}

const set = {
  groups: 8,
  groupSize: 2,
  minibatches: 1,
  hidden: [4],
  evalEvery: 40,
  evalEpisodes: 12,
  finalEpisodes: 20,
  tensorboard: false,
}
const run = (name: string, env: ReturnType<typeof flaky>, more: object = {}, said: string[] = []) =>
  train({
    algo: 'grpo',
    env,
    steps: 200,
    executor: 'eager:cpu',
    out: join(root, name),
    set: { ...set, ...more },
    ui: {
      start() {},
      log() {},
      evaluation() {},
      message: (text) => said.push(text),
      checkpoint() {},
      done() {},
    },
  })

it('evaluation drops and counts them too, and each kind of failure is said and logged once', async () => {
  const said: string[] = []
  const env = flaky((seed) => seed % 4 === 0)
  const { result, folder } = await run('some', env, {}, said)
  const trained = rowsOf(folder, 'metrics.jsonl')
  expect(trained.reduce((sum, row) => sum + (row['episodes/failed'] as number), 0)).toBeGreaterThan(1)

  const evaluations = rowsOf(folder, 'eval.jsonl')
  expect(evaluations.length).toBeGreaterThan(1)
  for (const row of evaluations) {
    expect(row['failed']).toBeGreaterThan(0)
    expect((row['episodes'] as number) + (row['failed'] as number)).toBe(set.evalEpisodes)
  }
  const { failedEpisodes, returns, score } = result as RunResult
  expect(failedEpisodes).toBeGreaterThan(0)
  expect(returns.length + failedEpisodes).toBe(set.finalEpisodes)
  expect(score).toBeCloseTo(returns.reduce((a, b) => a + b, 0) / returns.length, 10)
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`left out | ${failedEpisodes} |`)
  const again = await evaluate(folder, { env })
  expect([again.failed, again.returns]).toEqual([failedEpisodes, returns])

  expect(said.filter((text) => text.includes('TypeError: socket closed'))).toHaveLength(1)
  expect(said.filter((text) => /episodes of the evaluation at step/.test(text))).toHaveLength(1)
  expect(said.filter((text) => /episodes of the final evaluation failed/.test(text))).toHaveLength(1)
  const logged = readFileSync(join(folder, 'run.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('an episode failed'))
  expect(logged).toHaveLength(1)
  expect(JSON.parse(logged[0]!).err.stack).toContain('failures.test')
})

it('an evaluation without a single episode is refused', async () => {
  const tasks = join(root, 'one.yaml')
  writeFileSync(tasks, '- seed: 7\n')
  const error = await run(
    'none',
    flaky((seed) => seed !== 7),
    { tasks },
  ).catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'RPR_ENV_FAILED', cause: { message: 'socket closed' } })
  expect(error.message).toMatch(/^All 12 episodes of an evaluation of 'Flaky-v0' failed/)
  expect(failedRunOf(error)).toEqual({ folder: join(root, 'none'), checkpoint: 0 })
})

it('goes on where all further episodes of a rollout budget are lost', async () => {
  /** Every second episode throws: those of the budget, which follow on the first round in all rows. */
  class Second {
    readonly observationSpace = box({ low: 0, high: 1, shape: [1] })
    readonly actionSpace = discrete(2)
    readonly spec = { id: 'Second-v0', maxEpisodeSteps: 3 }
    #episodes = 0
    reset() {
      this.#episodes++
      return { observation: [1] }
    }
    step() {
      if (this.#episodes % 2 === 0) throw new TypeError('socket closed')
      return { observation: [1], reward: 0, terminated: true, truncated: false, outcome: 0 }
    }
  }
  const { folder } = await train({
    algo: 'grpo',
    env: Second,
    steps: 8,
    executor: 'eager:cpu',
    out: join(root, 'budget'),
    set: { ...set, groups: 2, evalEvery: 1e6, finalEpisodes: 1, rolloutBudget: 4, rolloutStep: 2, logEvery: 1 },
  })
  expect(rowsOf(folder, 'metrics.jsonl')[0]).toMatchObject({ 'group/budget_episodes': 4, 'episodes/failed': 4 })
})

it('ends a run whose algorithm needs every step, with the environment, the row and the run', async () => {
  const out = join(root, 'ppo')
  const error = await train({
    algo: 'ppo',
    env: flaky((seed) => seed !== 0),
    steps: 64,
    executor: 'eager:cpu',
    out,
    set: { numEnvs: 2, numSteps: 16, batchSize: 32, hidden: [4], evalEvery: 0, tensorboard: false },
  }).catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'RPR_ENV_FAILED', cause: { message: 'socket closed' } })
  expect(error.message).toMatch(/^Flaky-v0, row 0: step threw TypeError: socket closed\. /)
  expect(failedRunOf(error)).toEqual({ folder: out, checkpoint: 0 })
})

it('tells each message once, and stops where there is no end of new ones', () => {
  const told: string[] = []
  const failures = new Failures((_, text) => told.push(text))
  for (let i = 0; i < 50; i++) {
    failures.note(new Error('same.'))
    failures.note(new Error(`at ${i}`))
  }
  expect(told.slice(0, 3)).toEqual(['Error: same', 'Error: at 0', 'Error: at 1'])
  expect(told).toHaveLength(20)
})
