/** Episodes played in several threads: the same batch in the same order, and the same complaints. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GroupAlgorithm } from '@reprise/algorithms'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resolveRun } from '../config/resolve.ts'
import { buildLearner } from '../learner.ts'
import { evaluate } from '../load-agent.ts'
import { quietReporter } from '../reporting/index.ts'
import { resume } from '../resume.ts'
import { readResult } from '../run/run-folder.ts'
import { generatorOf } from '../run/seeds.ts'
import { rowsOf } from '../testing/kill.ts'
import { NoneFail, SomeFail } from '../testing/odd-seeds.ts'
import { describeRun, train } from '../train.ts'
import { CollectorThreads } from './collector-threads.ts'
import { GroupCollector } from './group-collector.ts'
import { PhaseTimer } from './phase-timer.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-threads-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const envs = fileURLToPath(new URL('../testing/odd-seeds.ts', import.meta.url))
const off = { evalEvery: 0, finalEpisodes: 1, tensorboard: false }
const sizes = { groups: 7, groupSize: 3, hidden: [8], minibatches: 1 }

const threadsAlive = () => (process.report.getReport() as { workers: unknown[] }).workers.length

type Options = Parameters<typeof train>[0]

const run = (name: string, more: Readonly<Record<string, unknown>> = {}, options: Options = {}) =>
  train({
    ...{ algo: 'grpo', env: 'CartPole-v1', steps: 1500, preset: false, executor: 'wasm', out: join(root, name) },
    ...options,
    set: { ...sizes, ...off, collectorThreads: 2, maxEpisodeSteps: 40, ...more },
  })

/** A collector of one thread and one of three for the same run, and what they told. */
async function collectors() {
  const resolved = await resolveRun(
    { algo: 'grpo', env: `${envs}#SomeFail`, preset: false, executor: 'wasm', set: { ...sizes, ...off } },
    'api',
  )
  const learner = await buildLearner(resolved)
  const { groups, groupSize } = (resolved.algorithm as GroupAlgorithm).collection(resolved.algorithmOptions)
  const { env } = learner.environments.training(groups * groupSize, { autoresetMode: 'Disabled', onError: 'fail' })
  const told: { ended: number[][]; failed: unknown[] } = { ended: [], failed: [] }
  const context = {
    ...learner,
    rng: { actions: generatorOf(1, 'actions') },
    timer: new PhaseTimer(),
    episodes: { add: (...episode: number[]) => void told.ended.push(episode) },
    failures: { note: (error: unknown) => void told.failed.push(error) },
  }
  const one = new GroupCollector(context, env)
  const threaded = { threads: 3, config: describeRun(resolved, learner) }
  const three = new CollectorThreads(context, one, groups, groupSize, threaded)
  return { one, three, told }
}

it('gives the batch that one thread gives, where the policy changes nothing', async () => {
  const { one, three, told } = await collectors()
  try {
    // 5, 20 and 35 fail, and with 20 all of the last thread's second task.
    for (const [seeds, size] of [
      [[1, 5, 7, 8, 20, 11, 35], 3],
      [[5, 5, 5, 5, 5, 2, 5], 3],
      // Not enough for all threads, and more episodes of a task than a thread has rows.
      [[1, 5], 3],
      [[3, 4, 6], 7],
    ] as const) {
      const tasks = seeds.map((seed) => ({ seed }))
      const expected = await one.play(tasks, size)
      const { ended, failed } = { ...told }
      told.ended = []
      told.failed = []
      const played = await three.play(tasks, size)
      expect(played.tasks).toEqual(expected.tasks)
      expect(played.numbers).toEqual(expected.numbers)
      expect(played.steps).toBe(expected.steps)
      const { columns, ...episodes } = played.episodes
      const { columns: expectedColumns, ...expectedEpisodes } = expected.episodes
      expect(episodes).toEqual(expectedEpisodes)
      expect(columns['observation']).toEqual(expectedColumns['observation'])
      expect(columns['action']!.length).toBe(expectedColumns['action']!.length)
      const sorted = (rows: number[][]) => rows.map(String).sort()
      expect(sorted(told.ended)).toEqual(sorted(ended))
      expect(told.failed.map(String)).toEqual(failed.map(String))
      told.ended = []
      told.failed = []
    }
  } finally {
    await three.close()
  }
})

it('is repeatable, also where it is interrupted and goes on, and trains on what the threads played', async () => {
  const whole = await run('whole')
  const controller = new AbortController()
  const ui = { ...quietReporter, log: () => controller.abort() }
  const parts = await run('parts', {}, { ui, signal: controller.signal })
  expect(parts.result).toBeUndefined()
  await resume(parts.folder)
  const rows = rowsOf(whole.folder, 'metrics.jsonl')
  expect(rowsOf(parts.folder, 'metrics.jsonl')).toEqual(rows)
  expect(readResult(parts.folder)!.parameterHash).toBe(readResult(whole.folder)!.parameterHash)
  expect(rows.at(-1)!['rollout/episodes']).toBe(rows.length * sizes.groups * sizes.groupSize)
  // Each thread draws for itself.
  const alone = await run('alone', { collectorThreads: 1 })
  expect(readResult(alone.folder)!.parameterHash).not.toBe(readResult(whole.folder)!.parameterHash)
})

it('goes with ARPO, a filter of tasks and a budget of more episodes', async () => {
  const { result, folder } = await run(
    'arpo',
    { tasks: '12', outcomeFrom: 'return>30', taskFilter: 9, rolloutBudget: 12, groups: 4 },
    { algo: 'arpo', steps: 2500 },
  )
  expect(result!.steps).toBeGreaterThanOrEqual(2500)
  const rows = rowsOf(folder, 'metrics.jsonl')
  const total = (name: string) => rows.reduce((sum, row) => sum + (row[name] as number), 0)
  for (const name of ['replay/added', 'replay/injected_fraction', 'group/budget_episodes'])
    expect(total(name)).toBeGreaterThan(0)
})

it('goes with a policy that remembers', async () => {
  const { folder } = await run('gru', { policy: 'gru', maxEpisodeSteps: 6, groups: 2 }, { steps: 60 })
  expect(rowsOf(folder, 'metrics.jsonl').at(-1)!['rollout/ep_len_mean']).toBe(6)
})

it('plays the environment that a run is resumed with', async () => {
  const { folder } = await run('former', {}, { env: `${envs}#NoneFail`, steps: 30 })
  const { result } = await resume(folder, { env: 'CartPole-v1', steps: 900 })
  expect(result!.steps).toBeGreaterThanOrEqual(900)
  const rows = rowsOf(folder, 'metrics.jsonl')
  expect(rows[0]!['reward/mean']).toBeGreaterThanOrEqual(500)
  expect(rows.at(-1)!['reward/mean']).toBeLessThanOrEqual(40)
  // No thread is needed to look at what was learnt, nor an environment that one could load.
  expect((await evaluate(folder, { env: NoneFail, episodes: 2 })).returns).toHaveLength(2)
})

it('closes the environments of its threads, and leaves none behind where one cannot be closed', async () => {
  const log = join(root, 'closed.txt')
  process.env['ODD_SEEDS_LOG'] = log
  const before = threadsAlive()
  await run('closes', { groups: 2 }, { env: `${envs}#SaysClosed`, steps: 10 })
  const closed = readFileSync(log, 'utf8').trimEnd().split('\n')
  // One group of three in the thread, beside those that tell what the spaces are.
  expect(closed.filter((where) => where === 'thread').length).toBeGreaterThanOrEqual(3)
  expect(threadsAlive()).toBe(before)
  await expect(run('stuck', {}, { env: `${envs}#CannotClose`, steps: 10 })).rejects.toThrow('cannot close')
  expect(threadsAlive()).toBe(before)
})

it('refuses what cannot be played in threads, and writes nothing', async () => {
  const refused = async (name: string, more: Readonly<Record<string, unknown>>, options: Options) => {
    const error = await run(name, more, options).catch((error: unknown) => error)
    expect(readdirSync(root)).not.toContain(name)
    return error
  }
  expect(await refused('many', { collectorThreads: 8 }, {})).toMatchObject({
    code: 'RPR_OPTION_RANGE',
    message: expect.stringContaining("'collectorThreads' = 8 is more than the 7 groups"),
  })
  expect(await refused('normal', { normalizeObservation: true }, {})).toMatchObject({ code: 'RPR_OPTION_CONFLICT' })
  expect(await refused('object', {}, { env: SomeFail })).toMatchObject({ code: 'RPR_ENV_UNSUPPORTED' })
  expect(await refused('ppo', {}, { algo: 'ppo' })).toMatchObject({ code: 'RPR_OPTION_UNKNOWN' })
})

it('ends with the error of an environment where all episodes fail', async () => {
  await expect(run('fail', {}, { env: `${envs}#AllFail` })).rejects.toMatchObject({
    code: 'RPR_ENV_FAILED',
    message: expect.stringContaining('All 21 episodes'),
    cause: expect.objectContaining({ name: 'RangeError', message: 'always' }),
  })
})

it('ends with an error that says so where a thread is lost', async () => {
  await expect(run('lost', {}, { env: `${envs}#Ends` })).rejects.toMatchObject({
    code: 'RPR_TRAINING_THREAD',
    message: expect.stringContaining('ended with code 7'),
  })
})
