import { RepriseError } from '@reprise/core'
import type { CheckpointChoice } from '@reprise/train'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'

export async function run(args: Args, io: Io): Promise<number> {
  const checkpoint = readCheckpointChoice(args.text('checkpoint'))
  const { evaluate } = await import('@reprise/train')
  const { env, step, seed, returns, lengths, failed, meanReward, stdReward, successRate } = await evaluate(
    args.argument('run'),
    {
      checkpoint,
      episodes: args.integer('episodes'),
      seed: args.integer('seed'),
      env: args.text('env'),
      executor: args.text('executor'),
    },
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
