import { RepriseError } from '@reprise/core'
import type { Args } from '../args.ts'
import { conclude } from '../conclude.ts'
import { chooseDevice } from '../device.ts'
import { interruptible } from '../interrupt.ts'
import type { Io } from '../io.ts'
import { trainOptions } from '../train-options.ts'

export async function run(args: Args, io: Io): Promise<number> {
  const options = trainOptions(args)
  await chooseDevice(args)
  const seeds = args.text('seeds')
  if (seeds !== undefined) {
    const { trainSeeds } = await import('../seeds.ts')
    return trainSeeds({ seeds, jobs: args.integer('jobs'), options, quiet: args.switch('quiet') }, io)
  }
  if (args.integer('jobs') !== undefined) {
    throw new RepriseError(
      'RPR_OPTION_INERT',
      `--jobs ${args.integer('jobs')} would have no effect: one seed is trained.`,
      {
        value: args.integer('jobs'),
        hint: 'Leave it out, or give several seeds with --seeds 1..5.',
      },
    )
  }
  const quiet = args.switch('quiet')
  const { train } = await import('@reprise/train')
  const session = await interruptible(io, (signal) =>
    train({ ...options, ui: quiet ? 'quiet' : 'auto', signal, source: 'flag' }),
  )
  return conclude(session, io, quiet)
}
