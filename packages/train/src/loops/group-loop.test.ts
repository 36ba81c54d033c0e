import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EpisodeGroups, type GroupAlgorithm, grpo } from '@reprise/algorithms'
import { box, discrete } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resolveRun } from '../config/resolve.ts'
import { buildLearner } from '../learner.ts'
import { EpisodeWindow } from '../run/episode-window.ts'
import { generatorOf } from '../run/seeds.ts'
import { rowsOf } from '../testing/kill.ts'
import { train } from '../train.ts'
import { Failures } from './failures.ts'
import { GroupLoop } from './group-loop.ts'
import { PhaseTimer } from './phase-timer.ts'
import { taskIdOf } from './tasks.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-groups-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Rows are numbered as they are made; those of training come last, four of them, in two groups. */
function environments(behave: { start?: (row: number) => number; step?: (row: number) => void }) {
  let made = 0
  return class Numbered {
    readonly observationSpace = box({ low: 0, high: 10, shape: [1] })
    readonly actionSpace = discrete(2)
    readonly spec = { id: 'Numbered-v0', maxEpisodeSteps: 3 }
    readonly number = made++
    /** 0 to 3 in training. */
    get row(): number {
      return this.number - (made - 4)
    }
    reset() {
      return { observation: [behave.start?.(this.row) ?? 1] }
    }
    step(action: unknown) {
      behave.step?.(this.row)
      return { observation: [1], reward: action as number, terminated: false, truncated: false }
    }
  }
}

const run = (name: string, env: ReturnType<typeof environments>) =>
  train({
    algo: 'grpo',
    env,
    steps: 9,
    executor: 'eager:cpu',
    out: join(root, name),
    set: { groups: 2, groupSize: 2, minibatches: 1, hidden: [4], evalEvery: 0, finalEpisodes: 1, tensorboard: false },
  })

it('drops and counts the episodes whose environment throws', async () => {
  let thrown = 0
  const env = environments({
    step: (row) => {
      if (row !== 2 || thrown++ > 0) return
      throw new TypeError('socket closed')
    },
  })
  await run('some', env)
  const [row] = readFileSync(join(root, 'some', 'metrics.jsonl'), 'utf8').split('\n')
  expect(JSON.parse(row!)).toMatchObject({ 'episodes/failed': 1, 'rollout/episodes': 3 })
})

it('ends with what was thrown where all do', async () => {
  const env = environments({
    step: (row) => {
      if (row >= 0) throw new TypeError('socket closed')
    },
  })
  await expect(run('all', env)).rejects.toThrow(/All 4 episodes.* failed; one threw TypeError: socket closed\. /)
})

it('refuses groups that begin differently, also where their first row failed', async () => {
  await expect(run('apart', environments({ start: (row) => (row === 3 ? 2 : 1) }))).rejects.toThrow(/rows 2 and 3/)
  const wide = environments({
    start: (row) => {
      if (row === 0) throw new Error('no start')
      return row
    },
  })
  const set = { groups: 1, groupSize: 4, minibatches: 1, hidden: [4], evalEvery: 0, tensorboard: false }
  const failed = train({ algo: 'grpo', env: wide, steps: 9, executor: 'eager:cpu', out: join(root, 'wide'), set })
  await expect(failed).rejects.toThrow(/rows 1 and 2/)
})

/** One step; every return is 10 under seed 1, and under others it differs from row to row. */
let made = 0
class OneStep {
  readonly observationSpace = box({ low: 0, high: 10, shape: [1] })
  readonly actionSpace = discrete(2)
  readonly spec = { id: 'OneStep-v0', maxEpisodeSteps: 1 }
  readonly number = made++
  #seed = 0
  #name: number | undefined
  reset({ seed, options }: { seed?: number; options?: Readonly<Record<string, unknown>> } = {}) {
    this.#seed = seed ?? this.#seed
    this.#name = options?.['name'] as number | undefined
    return { observation: [1], ...(this.#name === undefined ? {} : { taskId: this.#name }) }
  }
  step() {
    return { observation: [1], reward: this.#seed === 1 ? 10 : this.number % 2, terminated: true, truncated: false }
  }
}

it('metrics of rewards and groups describe all that was sampled, not only the groups that were kept', async () => {
  const tasks = join(root, 'two.yaml')
  writeFileSync(tasks, '- seed: 1\n- seed: 2\n')
  const out = join(root, 'dynamic')
  const groups = { groups: 2, groupSize: 4, maxBatches: 3, minibatches: 1, tasks }
  await train({
    algo: 'grpo',
    env: OneStep,
    steps: 16,
    executor: 'eager:cpu',
    out,
    set: { ...groups, hidden: [4], evalEvery: 0, finalEpisodes: 1, tensorboard: false },
  })
  expect(rowsOf(out, 'metrics.jsonl')[0]).toMatchObject({
    'group/batches_sampled': 2,
    'group/informative_groups': 2,
    'episodes/trained': 8,
    'group/frac_zero_std': 0.5,
    'group/zero_variance_groups': 2,
    'reward/mean': (8 * 10 + 4) / 16,
    'reward/return/mean': (8 * 10 + 4) / 16,
  })
})

it('every episode carries the id of its task: the one that the environment names, else one of seed and options', async () => {
  const tasks = join(root, 'named.yaml')
  writeFileSync(tasks, '- seed: 3\n- {seed: 3, options: {level: 2}}\n- {seed: 4, options: {name: 77}}\n')
  const set = { groups: 3, groupSize: 2, minibatches: 1, hidden: [4], tasks }
  const resolved = await resolveRun({ algo: 'grpo', env: OneStep, executor: 'eager:cpu', set }, 'api')
  const seen: EpisodeGroups[] = []
  const algorithm = {
    ...grpo,
    prepare(episodes: EpisodeGroups, context: Parameters<typeof grpo.prepare>[1]) {
      seen.push(episodes)
      return grpo.prepare(episodes, context)
    },
  } as unknown as GroupAlgorithm
  const context = {
    ...(await buildLearner(resolved)),
    algorithm,
    options: resolved.algorithmOptions,
    episodes: new EpisodeWindow(),
    timer: new PhaseTimer(),
    failures: new Failures(() => {}),
    totalSteps: 1000,
    rng: {
      actions: generatorOf(1, 'actions'),
      minibatches: generatorOf(1, 'minibatches'),
      environments: generatorOf(1, 'environments'),
      replay: generatorOf(1, 'replay'),
    },
  }
  const loop = new GroupLoop(context, algorithm, tasks)
  for (let i = 0; i < 2; i++) await loop.iterate(0)
  const expected = [taskIdOf({ seed: 3 }), taskIdOf({ seed: 3, options: { level: 2 } }), 77]
  for (const { taskIds, group } of seen) {
    expect([...new Set(taskIds)].sort()).toEqual([...expected].sort())
    for (let e = 0; e < 6; e += 2) {
      expect(taskIds[e + 1]).toBe(taskIds[e])
      expect(group[e + 1]).toBe(group[e])
    }
  }
  await loop.close()
})
