/** `npm run experiment -- NAME`: see README.md. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { RepriseError } from '@reprise/core'
import { runExperiment } from './run-experiment.ts'

const USAGE = `Usage: npm run experiment -- NAME [options]

  --only ARM     run this arm only; may be given several times
  --jobs N       runs at a time (default 2)
  --quick        a twentieth of the steps and two seeds: to see that everything works
  --report       run nothing, write the results of the runs that are there

Experiments: ${experiments().join(', ')}
Ctrl-C stops after saving; the same command continues.`

function experiments(): string[] {
  return readdirSync(fileURLToPath(new URL('..', import.meta.url)), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['src', 'dist', 'node_modules'].includes(entry.name))
    .map((entry) => entry.name)
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        jobs: { type: 'string', default: '2' },
        quick: { type: 'boolean', default: false },
        report: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (cause) {
    throw new RepriseError('RPR_USAGE', (cause as Error).message, { cause })
  }
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments()
  if (values.help || positionals.length === 0) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const jobs = Number(values.jobs)
  if (!Number.isInteger(jobs) || jobs < 1) {
    throw new RepriseError('RPR_USAGE', `--jobs ${values.jobs} is not legal.`, { hint: 'It takes an integer >= 1.' })
  }
  const [name, ...more] = positionals
  if (more.length > 0)
    throw new RepriseError('RPR_USAGE', `'${more[0]}' is one name too many.`, { hint: 'Run one at a time.' })
  if (!experiments().includes(name!)) {
    throw new RepriseError('RPR_FILE_MISSING', `There is no experiment '${name}'.`, {
      value: name,
      hint: `There is ${experiments().join(', ')}.`,
    })
  }
  return runExperiment(name!, {
    quick: values.quick,
    jobs,
    only: values.only,
    reportOnly: values.report,
    onInterrupt: (interrupt) => {
      process.on('SIGINT', () => {
        console.log('Stopping: the runs are being saved. Ctrl-C again quits at once.')
        interrupt()
      })
      process.on('SIGTERM', interrupt)
    },
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof RepriseError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 2
}
