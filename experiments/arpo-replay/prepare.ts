/** Before training: a base policy by imitation, its success on every task, and the tasks of one rate of success. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demonstrate, formDesk, toolChain } from '@reprise/agentic'
import type { AnyEnvDefinition } from '@reprise/core'
import { bucketByRate } from '@reprise/curriculum'
import { evaluateTasks, type Task, train } from '@reprise/train'

export interface Prepared {
  readonly envOptions: Readonly<Record<string, unknown>>
  /** Folder of the run that training begins with; undefined: as initialised. */
  readonly policy: string | undefined
  readonly kept: readonly Task[]
  /** As many tasks that the base policy never solved: what a filter on its success leaves out. */
  readonly hopeless: readonly Task[]
  /** As many tasks of the same rate that are not trained on. */
  readonly heldOut: readonly Task[]
}

/** How the base policy of an environment is made, and which tasks there are. */
interface Suite {
  readonly definition: AnyEnvDefinition
  readonly envOptions: Readonly<Record<string, unknown>>
  /** Tasks that are chosen from, and others that demonstrations show. */
  readonly pool: number
  readonly shown: { readonly first: number; readonly count: number }
  /** Decisions that are cloned, and the options that are not the defaults. */
  readonly steps: number
  readonly cloning: Readonly<Record<string, unknown>>
  /** Sampled episodes per task that its rate is measured with. */
  readonly rollouts: number
}

const SUITES: Readonly<Record<string, Suite>> = {
  'ToolChain-v0': {
    definition: toolChain,
    envOptions: { tasks: 768 },
    pool: 512,
    shown: { first: 512, count: 256 },
    steps: 60_000,
    cloning: {},
    rollouts: 256,
  },
  'FormDesk-v0': {
    definition: formDesk,
    envOptions: {},
    pool: 256,
    shown: { first: 100_000, count: 1024 },
    steps: 200_000,
    cloning: { policy: 'attention', learningRate: 0.003 },
    rollouts: 32,
  },
}

/** Tasks that an arm trains on. */
const TASKS = 24
const HIDDEN_TASKS = 32

const taskOf = (number: number): Task => ({ seed: number, options: { task: number } })

/**
 * `folder`: where base policies are, or will be: they depend on nothing but this file, so jobs that make one at the same
 * time make the same. `rate`: the success that tasks begin with, or `solved`: any above 0; undefined: every task of the
 * environment, untrained.
 */
export async function prepare(folder: string, env: string, rate: number | 'solved' | undefined): Promise<Prepared> {
  const suite = SUITES[env]
  if (rate === undefined || suite === undefined) {
    const kept = Array.from({ length: HIDDEN_TASKS }, (_, i) => taskOf(i))
    return { envOptions: { tasks: HIDDEN_TASKS }, policy: undefined, kept, hopeless: [], heldOut: [] }
  }
  const base = join(folder, env)
  if (!existsSync(base)) await makeBase(base, env, suite)
  const rates = JSON.parse(readFileSync(join(base, 'rates.json'), 'utf8')) as number[]
  const numbered = rates.map((rate, taskId) => ({ taskId, rate }))
  const ids = (some: readonly { taskId: number }[]) => some.map(({ taskId }) => taskId)
  const found =
    rate === 'solved'
      ? ids(numbered.filter(({ rate }) => rate > 0))
      : (bucketByRate(numbered).find(({ centre }) => centre === rate)?.taskIds ?? [])
  const never = ids(numbered.filter(({ rate }) => rate === 0))
  if (found.length < 2 * TASKS || never.length < TASKS) {
    throw new Error(
      `Of ${suite.pool} tasks ${found.length} have a rate near ${rate}, and ${never.length} none: too few`,
    )
  }
  return {
    envOptions: suite.envOptions,
    policy: join(base, 'run'),
    kept: found.slice(0, TASKS).map(taskOf),
    heldOut: found.slice(TASKS, 2 * TASKS).map(taskOf),
    hopeless: never.slice(0, TASKS).map(taskOf),
  }
}

async function makeBase(base: string, env: string, suite: Suite): Promise<void> {
  const { definition, envOptions, pool, shown, steps, cloning, rollouts } = suite
  const making = `${base}-${process.pid}`
  mkdirSync(making, { recursive: true })
  try {
    const episodes = Array.from({ length: shown.count }, (_, i) => {
      const task = taskOf(shown.first + i)
      return { ...task, actions: demonstrate(definition, task.seed, envOptions, task.options).actions }
    })
    const demonstrations = join(making, 'demonstrations.yaml')
    writeFileSync(demonstrations, JSON.stringify(episodes))
    const run = join(making, 'run')
    await train({
      ...{ algo: 'bc', env, envOptions, steps, seed: 0, preset: false, out: run },
      set: { episodes: demonstrations, evalEvery: 1e9, finalEpisodes: 1, tensorboard: false, ...cloning },
    })
    const tasks = Array.from({ length: pool }, (_, i) => taskOf(i))
    const results = await evaluateTasks(run, { tasks, episodes: rollouts, sample: true })
    writeFileSync(join(making, 'rates.json'), JSON.stringify(results.map(({ successRate }) => successRate)))
    if (!existsSync(base)) renameSync(making, base)
  } catch (error) {
    // Another job was first.
    if (!existsSync(base)) throw error
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}
