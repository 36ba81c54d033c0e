import type { Args } from '../args.ts'
import { conclude } from '../conclude.ts'
import { chooseDevice } from '../device.ts'
import { interruptible } from '../interrupt.ts'
import type { Io } from '../io.ts'

export async function run(args: Args, io: Io): Promise<number> {
  await chooseDevice(args)
  const quiet = args.switch('quiet')
  const { resume } = await import('@reprise/train')
  const session = await interruptible(io, (signal) =>
    resume(args.argument('run'), {
      steps: args.integer('steps'),
      env: args.text('env'),
      executor: args.text('executor'),
      ui: quiet ? 'quiet' : 'auto',
      signal,
      source: 'flag',
    }),
  )
  return conclude(session, io, quiet)
}
