import { checkEnv, RepriseError, resolveOptions } from '@reprise/core'
import { loadEnv } from '@reprise/train'
import type { Args } from '../args.ts'
import type { Io } from '../io.ts'
import { definitions } from '../table.ts'

/** Prints findings as Gymnasium's checker does; errors give the exit code 2. */
export async function run(args: Args, io: Io): Promise<number> {
  const { definition, file } = await loadEnv(args.argument('env'))
  const options = args.pairs('env-set')
  resolveOptions(definition.options, [{ source: 'flag', values: options, label: '--env-set' }])

  const { id } = definition.spec
  io.out(file === undefined ? id : `${id} from ${file}`)
  const findings = await checkEnv(definition, { options })
  const env = findings.length === 0 ? definition.make(options) : undefined
  if (env) {
    const limit = env.spec.maxEpisodeSteps
    const facts: [string, string][] = [
      ['observation', String(env.observationSpace)],
      ['action', String(env.actionSpace)],
      ['step limit', limit === undefined ? 'none' : String(limit)],
      ['snapshots', env.snapshot ? 'yes: a run resumes exactly' : 'no: a run resumes with new episodes'],
    ]
    io.out(definitions(facts).join('\n'))
    await env.close?.()
  }
  for (const { level, check, message } of findings) io.out(`  ${level}  ${check}: ${message}`)
  const errors = findings.filter(({ level }) => level === 'error').length
  const warnings = findings.length - errors
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`
  if (errors > 0) {
    throw new RepriseError(
      'RPR_ENV_CONTRACT',
      `${id} breaks the contract: ${count(errors, 'error')}, ${count(warnings, 'warning')}.`,
      {
        value: id,
        hint: 'Correct the errors above; training on it would fail or learn the wrong thing.',
      },
    )
  }
  io.out(warnings > 0 ? `It passes, with ${count(warnings, 'warning')}.` : 'It passes every check.')
  return 0
}
