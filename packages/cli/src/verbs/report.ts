import { join } from 'node:path'
import {
  findExperiment,
  isExperiment,
  quickened,
  readExperiment,
  reportExperiment,
  reportRuns,
  runsFolderOf,
  writtenLine,
} from '@reprise/ablation'
import { RepriseError } from '@reprise/core'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'
import { quoted, shown } from '../shown.ts'

export async function run(args: Args, io: Io): Promise<number> {
  const paths = args.argumentList('what')
  const out = args.text('out')
  const files = isExperiment(paths[0]!) ? ofExperiment(args, paths, out) : ofRuns(args, paths, out)
  io.out(writtenLine(files, shown))
  return 0
}

function ofExperiment(args: Args, [given, more]: readonly string[], out: string | undefined): string[] {
  if (more !== undefined) {
    throw new RepriseError('RPR_USAGE', `'${more}' is one experiment too many.`, {
      value: more,
      hint: 'Give one experiment, or run folders.',
    })
  }
  for (const flag of ['control', 'title']) {
    const value = args.text(flag)
    if (value === undefined) continue
    throw new RepriseError('RPR_OPTION_INERT', `--${flag} ${value} has no effect on an experiment.`, {
      value,
      hint: "Its file says it: 'control: <arm>', 'claim: <text>'.",
    })
  }
  const folder = findExperiment(given!)
  const quick = args.switch('quick')
  const file = readExperiment(join(folder, 'experiment.yaml'))
  const runsFolder = runsFolderOf(file, quick, args.text('runs'))
  return reportExperiment(quick ? quickened(file) : file, {
    runsFolder,
    results: out ?? join(quick ? runsFolder : folder, 'results'),
    command: `reprise ablate ${quoted(folder)}${quick ? ' --quick' : ''}`,
    quick,
  })
}

function ofRuns(args: Args, paths: readonly string[], out: string | undefined): string[] {
  for (const flag of ['quick', 'runs']) {
    if (args.has(flag)) {
      throw new RepriseError('RPR_OPTION_INERT', `--${flag} has no effect on run folders.`, {
        value: flag,
        hint: 'It belongs to an experiment.',
      })
    }
  }
  const control = args.text('control')
  const flags = `${control === undefined ? '' : ` --control ${quoted(control)}`}${out === undefined ? '' : ` --out ${quoted(out)}`}`
  return reportRuns(paths, out ?? join(paths[0]!, 'report'), {
    command: `reprise report ${paths.map(quoted).join(' ')}${flags}`,
    control,
    title: args.text('title'),
  })
}
