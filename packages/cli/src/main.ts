/** The `reprise` command as a function: argument list in, exit code out. */
import { RepriseError, suggest } from '@reprise/core'
import { parseVerb } from './args.ts'
import { overview, verbHelp } from './help.ts'
import type { Io } from './io.ts'
import { reportError } from './report-error.ts'
import { verbs } from './verbs/table.ts'
import { VERSION } from './version.ts'

/** Exit codes: 0 done, 1 unexpected error (of `ablate`: runs are missing), 2 something the user can put right, 130 interrupted. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io)
  } catch (error) {
    return reportError(error, io)
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h') return print(io, overview(verbs, io.command))
  // As a word too: npx takes a flag that comes first for its own.
  if (name === 'version' || name === '--version' || name === '-v') {
    return print(io, [`reprise ${VERSION} (Node.js ${process.versions.node}, ${process.platform} ${process.arch})`])
  }
  if (name === 'help') {
    if (rest.length === 0) return print(io, overview(verbs, io.command))
    // `help train --algo ppo` is `train --help --algo ppo`.
    return dispatch([rest[0]!, '--help', ...rest.slice(1)], io)
  }
  const verb = verbs.find((candidate) => candidate.name === name)
  if (!verb) throw unknownVerb(name)
  const args = parseVerb(verb, rest)
  if (args.switch('help')) {
    return print(io, [...verbHelp(verb, io.command), ...((await verb.more?.(args)) ?? [])])
  }
  const run = await verb.load()
  return run(args, io)
}

function print(io: Io, lines: readonly string[]): number {
  io.out(lines.join('\n'))
  return 0
}

function unknownVerb(name: string): RepriseError {
  const what = name.startsWith('-') ? `Unknown flag '${name}': a verb comes first.` : `Unknown verb '${name}'.`
  return new RepriseError('RPR_USAGE', what, {
    value: name,
    hint: suggest(name, [...verbs.filter(({ hidden }) => !hidden).map((verb) => verb.name), 'help']),
  })
}
