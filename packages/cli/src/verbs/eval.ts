import { RepriseError } from '@reprise/core'
import type { CheckpointChoice, EvaluateTasksOptions, TaskResult } from '@reprise/train'
import type { Args } from '../args.ts'
import { chooseDevice } from '../device.ts'
import type { Io } from '../io.ts'
import { table } from '../table.ts'

export async function run(args: Args, io: Io): Promise<number> {
  await chooseDevice(args)
  const path = args.argument('run')
  const options = {
    checkpoint: readCheckpointChoice(args.text('checkpoint')),
    episodes: args.integer('episodes'),
    seed: args.integer('seed'),
    env: args.text('env'),
    executor: args.text('executor'),
  }
  const tasks = args.text('tasks')
  const sample = args.switch('sample')
  if (tasks !== undefined) return printTasks(io, path, { ...options, tasks, sample })
  if (sample) {
    throw new RepriseError('RPR_OPTION_INERT', "Flag '--sample' has no effect without --tasks.", {
      hint: 'Name a task file with --tasks, or leave it out: the score of a run is that of greedy episodes.',
    })
  }
  const { evaluate } = await import('@reprise/train')
  const { env, step, seed, returns, lengths, failed, meanReward, stdReward, successRate } = await evaluate(
    path,
    options,
  )
  const sorted = [...returns].sort((a, b) => a - b)
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  io.out(`${env}, checkpoint of step ${step}, ${returns.length} greedy episodes of seed ${seed}`)
  io.out(`mean reward   ${meanReward.toFixed(2)} +/- ${stdReward.toFixed(2)}`)
  io.out(`min, median, max   ${[sorted[0]!, median(sorted), sorted.at(-1)!].map((x) => x.toFixed(2)).join(', ')}`)
  io.out(`mean length   ${mean.toFixed(1)}`)
  if (failed > 0) io.out(`failed        ${failed} more: the environment threw, and they are left out`)
  if (successRate !== undefined) io.out(`success rate  ${successRate.toFixed(3)}`)
  return 0
}

async function printTasks(io: Io, path: string, options: EvaluateTasksOptions): Promise<number> {
  const { evaluateTasks } = await import('@reprise/train')
  const results = await evaluateTasks(path, options)
  const mean = (value: (result: TaskResult) => number) =>
    results.reduce((sum, result) => sum + value(result), 0) / results.length
  const known = results.every(({ successRate }) => successRate !== undefined)
  const rows = results.map(({ task, meanReward, successRate }) => [
    String(task.seed),
    task.options === undefined ? '' : JSON.stringify(task.options),
    meanReward.toFixed(3),
    ...(known ? [successRate!.toFixed(3)] : []),
  ])
  for (const line of table(['seed', 'options', 'reward', ...(known ? ['success'] : [])], rows)) io.out(line)
  io.out('')
  const kind = options.sample ? 'sampled' : 'greedy'
  io.out(
    `${results.length} tasks, ${results[0]!.episodes} ${kind} ${results[0]!.episodes === 1 ? 'episode' : 'episodes'} each`,
  )
  io.out(`mean reward   ${mean(({ meanReward }) => meanReward).toFixed(3)}`)
  if (known) io.out(`success rate  ${mean(({ successRate }) => successRate!).toFixed(3)}`)
  return 0
}

function readCheckpointChoice(text: string | undefined): CheckpointChoice {
  if (text === undefined || text === 'last') return 'last'
  if (text === 'best') return 'best'
  if (/^\d+$/.test(text)) return Number(text)
  throw new RepriseError('RPR_OPTION_TYPE', `Option '--checkpoint' = '${text}' is not legal.`, {
    value: text,
    hint: 'It takes last, best or the step of a checkpoint.',
  })
}

function median(sorted: readonly number[]): number {
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
