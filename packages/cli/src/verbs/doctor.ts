import { accessSync, constants, existsSync } from 'node:fs'
import { cpus, freemem, release, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { doctorFacts } from '@reprise/backend'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'
import { shown } from '../shown.ts'
import { definitions, table } from '../table.ts'
import { VERSION } from '../version.ts'
import { tensorFlowLines } from './doctor-tensorflow.ts'

/** The exit code is 2 where something is missing that every run needs. */
export async function run(args: Args, io: Io): Promise<number> {
  const facts = await doctorFacts()
  const needed: string[] = []
  const runs = resolve(args.text('out') ?? 'runs')
  const problem = writeProblem(runs)
  if (problem !== undefined) needed.push(`write permission: ${problem}`)
  const starting = facts.executors.filter(({ available }) => available)
  if (starting.length === 0) needed.push('an executor: none starts; install the packages again with npm run setup')
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`

  io.out(`Reprise ${VERSION}`)
  const lines: [string, string][] = [
    ['Node.js', `${process.versions.node} (20.19 or newer is needed)`],
    ['platform', `${process.platform} ${process.arch}, ${release()}`],
    ['CPUs', `${facts.cores} usable of ${cpus().length}, ${cpus()[0]?.model.trim() || 'model unknown'}`],
    ['memory', `${gib(totalmem())}, ${gib(freemem())} free`],
    ['TensorFlow.js', `${facts.tfjs}, WebAssembly SIMD ${facts.wasmSimd ? 'yes' : 'no: eager:wasm will be slow'}`],
    [
      'terminal',
      io.isTTY ? 'interactive: runs show a dashboard' : 'not interactive: runs print a line every few seconds',
    ],
    ['run folders', problem ?? `in ${shown(runs)}, can be written`],
  ]
  io.out(definitions(lines).join('\n'))
  io.out('\nExecutors (--executor):')
  const rows = facts.executors.map(({ name, available, note }) => [name, available ? 'available' : 'missing', note])
  io.out(table(['name', 'state', 'note'], rows).join('\n'))

  io.out('\nTensorFlow (executors tensorflow and eager:tensorflow):')
  io.out(definitions(tensorFlowLines(facts.tensorflow)).join('\n'))

  const optional = facts.executors.filter(({ available }) => !available).map(({ name }) => `executor ${name}`)
  io.out('')
  for (const what of needed) io.out(`Missing, and needed: ${what}`)
  if (optional.length > 0) io.out(`Missing, and not needed: ${optional.join(', ')}`)
  if (needed.length === 0) io.out('Everything that training needs is here.')
  return needed.length > 0 ? 2 : 0
}

/** Why `folder` cannot be made or written, if so. */
function writeProblem(folder: string): string | undefined {
  let existing = folder
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  try {
    accessSync(existing, constants.W_OK)
    return undefined
  } catch {
    return `${existing} cannot be written; choose another folder with --out`
  }
}
