import { join } from 'node:path'
import { plotRuns } from '@reprise/stats'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'
import { shown } from '../shown.ts'

export async function run(args: Args, io: Io): Promise<number> {
  const paths = args.argumentList('run')
  const { series, out } = plotRuns(paths, {
    metric: args.text('metric'),
    title: args.text('title'),
    out: args.text('out') ?? join(paths[0]!, 'curve.svg'),
  })
  for (const { name, runs } of series) io.out(`${name}: ${runs.length === 1 ? '1 run' : `${runs.length} runs`}`)
  io.out(`Wrote ${shown(out!)}`)
  return 0
}
