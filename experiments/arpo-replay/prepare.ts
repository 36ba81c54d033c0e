/** Before training: a base policy by imitation, its success on every task, and the tasks of one rate of success. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { demonstrate, toolChain } from '@reprise/agentic'
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

/** Numbers of tasks: those that are chosen from, and others of the same families that demonstrations show. */
const POOL = 512
const SHOWN = { first: 512, count: 256 }
const ENV_OPTIONS = { tasks: 768 }
const BC_STEPS = 60_000
/** Sampled episodes per task that its rate is measured with. */
const ROLLOUTS = 256
/** Tasks that an arm trains on. */
const TASKS = 24
const HIDDEN_TASKS = 32

const taskOf = (number: number): Task => ({ seed: number, options: { task: number } })

/**
 * `folder`: where the base policy is, or will be: it depends on nothing but this file, so jobs that make it at the same
 * time make the same. `rate`: the success that tasks begin with; undefined: every task of the environment, untrained.
 */
export async function prepare(folder: string, env: string, rate: number | undefined): Promise<Prepared> {
  if (rate === undefined) {
    const kept = Array.from({ length: HIDDEN_TASKS }, (_, i) => taskOf(i))
    return { envOptions: { tasks: HIDDEN_TASKS }, policy: undefined, kept, hopeless: [], heldOut: [] }
  }
  if (!existsSync(folder)) await makeBase(folder, env)
  const rates = JSON.parse(readFileSync(join(folder, 'rates.json'), 'utf8')) as number[]
  const numbered = rates.map((rate, taskId) => ({ taskId, rate }))
  const found = bucketByRate(numbered).find(({ centre }) => centre === rate)?.taskIds ?? []
  const never = numbered.filter(({ rate }) => rate === 0).map(({ taskId }) => taskId)
  if (found.length < 2 * TASKS || never.length < TASKS) {
    throw new Error(`Of ${POOL} tasks ${found.length} have a rate near ${rate}, and ${never.length} none: too few`)
  }
  return {
    envOptions: ENV_OPTIONS,
    policy: join(folder, 'run'),
    kept: found.slice(0, TASKS).map(taskOf),
    heldOut: found.slice(TASKS, 2 * TASKS).map(taskOf),
    hopeless: never.slice(0, TASKS).map(taskOf),
  }
}

async function makeBase(folder: string, env: string): Promise<void> {
  const making = `${folder}-${process.pid}`
  mkdirSync(making, { recursive: true })
  try {
    const shown = Array.from({ length: SHOWN.count }, (_, i) => {
      const task = taskOf(SHOWN.first + i)
      return { ...task, actions: demonstrate(toolChain, task.seed, ENV_OPTIONS, task.options).actions }
    })
    const demonstrations = join(making, 'demonstrations.yaml')
    writeFileSync(demonstrations, JSON.stringify(shown))
    const run = join(making, 'run')
    await train({
      algo: 'bc',
      env,
      envOptions: ENV_OPTIONS,
      steps: BC_STEPS,
      seed: 0,
      preset: false,
      out: run,
      set: { episodes: demonstrations, evalEvery: 1e9, finalEpisodes: 1, tensorboard: false },
    })
    const tasks = Array.from({ length: POOL }, (_, i) => taskOf(i))
    const results = await evaluateTasks(run, { tasks, episodes: ROLLOUTS, sample: true })
    writeFileSync(join(making, 'rates.json'), JSON.stringify(results.map(({ successRate }) => successRate)))
    mkdirSync(dirname(folder), { recursive: true })
    if (!existsSync(folder)) renameSync(making, folder)
  } catch (error) {
    // Another job was first.
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}
