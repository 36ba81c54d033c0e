import { fileURLToPath } from 'node:url'
import { findExperiment, runExperiment } from '@reprise/ablation'
import type { Args } from '../args.ts'
import { INTERRUPTED, interruptible } from '../interrupt.ts'
import type { Io } from '../io.ts'
import { quoted } from '../shown.ts'

export async function run(args: Args, io: Io): Promise<number> {
  const given = args.argument('experiment')
  const folder = findExperiment(given)
  const quick = args.switch('quick')
  return interruptible(io, async (signal) => {
    const code = await runExperiment(folder, {
      program: [process.execPath, fileURLToPath(new URL('../../bin/reprise.mjs', import.meta.url))],
      quick,
      jobs: args.integer('jobs'),
      only: args.list('only'),
      reportOnly: args.switch('report-only'),
      runs: args.text('runs'),
      command: `reprise ablate ${quoted(folder)}${quick ? ' --quick' : ''}`,
      print: (line) => io.out(line),
      onInterrupt: (interrupt) => signal.addEventListener('abort', interrupt),
    })
    return signal.aborted ? INTERRUPTED : code
  })
}
