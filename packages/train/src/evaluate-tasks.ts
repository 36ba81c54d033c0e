/** How a run's policy does on given tasks, one by one. */
import { Pcg64, RepriseError, type Serializable } from '@reprise/core'
import type { Learner } from './learner.ts'
import { type LoadOptions, loadLearner } from './load-learner.ts'
import { PolicyInputs } from './loops/policy.ts'
import { resetRows } from './loops/reset-rows.ts'
import { readTasks, type Task } from './loops/tasks.ts'

export interface EvaluateTasksOptions extends LoadOptions {
  /** A YAML file with a list of {seed, options}, or such a list. */
  readonly tasks: string | readonly Task[]
  /** Per task; default 1. Greedy episodes of a task are alike, as they begin with the same seed. */
  readonly episodes?: number
  /** Whether actions are drawn from the policy, as in training, instead of the greedy ones; on policy only. Default false. */
  readonly sample?: boolean
  /** Seed of the draws. Default 0. */
  readonly seed?: number
}

export interface TaskResult {
  readonly task: Task
  readonly episodes: number
  /** Mean outcome; undefined where the environment reports none and no `outcomeFrom` says it. */
  readonly successRate: number | undefined
  readonly meanReward: number
}

/** Rows that are stepped side by side. */
const ROWS = 64

/**
 * Plays `episodes` of every task with the policy of a run.
 * @throws RPR_OPTION_RANGE, RPR_OPTION_CONFLICT, RPR_FILE_MISSING, RPR_CONFIG_INVALID, and what an environment throws
 */
export async function evaluateTasks(path: string, options: EvaluateTasksOptions): Promise<TaskResult[]> {
  const { episodes = 1, sample = false, seed = 0 } = options
  if (!(Number.isSafeInteger(episodes) && episodes >= 1)) {
    throw new RepriseError('RPR_OPTION_RANGE', `Option 'episodes' = ${episodes} is not legal.`, {
      value: episodes,
      hint: 'It takes an integer >= 1.',
    })
  }
  const tasks = typeof options.tasks === 'string' ? readTasks(options.tasks) : options.tasks
  if (tasks.length === 0) {
    throw new RepriseError('RPR_OPTION_RANGE', "Option 'tasks' names no task.", {
      value: tasks,
      hint: 'Give a list of {seed, options} with one at least.',
    })
  }
  const { algorithm, learner, statistics } = await loadLearner(path, options)
  if (sample && algorithm.loop === 'replay') {
    learner.executor.dispose()
    throw new RepriseError(
      'RPR_OPTION_CONFLICT',
      `Option 'sample' is not for ${algorithm.name}, which explores by a schedule of its own.`,
      {
        value: algorithm.name,
        hint: 'Leave it out: the greedy policy is what it has learnt.',
      },
    )
  }
  try {
    return await playTasks(learner, statistics, tasks, episodes, sample ? new Pcg64(seed) : undefined)
  } finally {
    learner.executor.dispose()
  }
}

async function playTasks(
  learner: Learner,
  statistics: Serializable,
  tasks: readonly Task[],
  episodes: number,
  rng: Pcg64 | undefined,
): Promise<TaskResult[]> {
  const total = tasks.length * episodes
  const { environments, program, policy } = learner
  const training = environments.evaluation(Math.min(ROWS, total))
  training.setStatistics(statistics)
  const { env } = training
  const inputs = new PolicyInputs(rng ? program.inputs.act : program.inputs.decide, env.numEnvs)
  const sums = tasks.map(() => ({ outcome: 0, reward: 0 }))
  try {
    for (let first = 0; first < total; first += env.numEnvs) {
      const count = Math.min(env.numEnvs, total - first)
      const taskOf = (row: number) => Math.floor((first + Math.min(row, count - 1)) / episodes)
      await resetRows(env, env.numEnvs, (row) => tasks[taskOf(row)]!)
      inputs.forget()
      const { terminated, truncated, episodeReturns } = env.columns
      while (terminated.some((flag, i) => !flag && !truncated[i])) {
        await (rng ? policy.sample(env, inputs, rng) : policy.decide(env, inputs))
        await env.step()
      }
      for (let row = 0; row < count; row++) {
        const sum = sums[taskOf(row)]!
        sum.outcome += environments.outcomeOf(env, row)
        sum.reward += episodeReturns[row]!
      }
    }
  } finally {
    await env.close()
  }
  return tasks.map((task, i) => ({
    task,
    episodes,
    successRate: Number.isNaN(sums[i]!.outcome) ? undefined : sums[i]!.outcome / episodes,
    meanReward: sums[i]!.reward / episodes,
  }))
}
