/** Runs an experiment's jobs that are not finished yet, then writes its results. */
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RepriseError, suggest } from '@reprise/core'
import { type Experiment, quickened, readExperiment } from './experiment.ts'
import { commandOf, type Job, jobState, jobsOf, setStillbornAside } from './jobs.ts'
import { runPool } from './pool.ts'
import { writeReport } from './report.ts'
import { readSummary, summarise } from './summary.ts'

const EXPERIMENTS = fileURLToPath(new URL('..', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPRISE = join(ROOT, 'packages', 'cli', 'bin', 'reprise.mjs')

/** Exit code of a run that Ctrl-C stopped. */
const INTERRUPTED = 130

export interface RunExperimentOptions {
  /** Few steps and two seeds; results go beside the runs, not into the experiment's folder. */
  readonly quick?: boolean
  /** Processes at a time. */
  readonly jobs?: number
  /** Names of the arms to run; all of them by default. */
  readonly only?: readonly string[]
  /** Run nothing: write the results of what is there. */
  readonly reportOnly?: boolean
  /** Folder of experiments, and where runs go: for tests. */
  readonly experiments?: string
  readonly runs?: string
  readonly print?: (line: string) => void
  readonly onInterrupt?: (interrupt: () => void) => void
}

/**
 * Trains every arm with every seed, each in a process of its own. A finished run is skipped and one that was begun is
 * resumed, so the same command continues whatever stopped it. Returns 0, or 1 where runs are missing.
 * @throws RepriseError RPR_FILE_MISSING, RPR_EXPERIMENT_INVALID, RPR_USAGE
 */
export async function runExperiment(name: string, options: RunExperimentOptions = {}): Promise<number> {
  const { quick = false, jobs = 2, experiments = EXPERIMENTS, print = console.log } = options
  const folder = join(experiments, name)
  const file = readExperiment(join(folder, 'experiment.yaml'))
  const experiment = quick ? quickened(file) : file
  const runsFolder = join(options.runs ?? join(ROOT, 'runs', 'experiments'), quick ? `${name}-quick` : name)
  const chosen = chosenJobs(experiment, runsFolder, options.only)
  const missing = options.reportOnly ? 0 : await finishJobs(chosen, jobs, options, print)

  const results = quick ? join(runsFolder, 'results') : join(folder, 'results')
  const recorded = readSummary(join(results, 'summary.json'))
  const command = `npm run experiment -- ${name}${quick ? ' --quick' : ''}`
  const files = writeReport(results, summarise(experiment, runsFolder, command, recorded))
  print(`Wrote ${files.map(shown).join(', ')}`)
  return missing === 0 ? 0 : 1
}

function chosenJobs(experiment: Experiment, runsFolder: string, only: readonly string[] | undefined): Job[] {
  const names = experiment.arms.map((arm) => arm.name)
  for (const name of only ?? []) {
    if (!names.includes(name)) {
      throw new RepriseError('RPR_USAGE', `There is no arm '${name}'.`, { value: name, hint: suggest(name, names) })
    }
  }
  return jobsOf(experiment, runsFolder).filter(({ arm }) => !only || only.includes(arm.name))
}

async function finishJobs(
  chosen: readonly Job[],
  jobs: number,
  options: RunExperimentOptions,
  print: (line: string) => void,
): Promise<number> {
  const tasks = chosen.flatMap((job) => {
    // Before its state is read: a folder that holds no checkpoint becomes absent.
    const aside = setStillbornAside(job)
    if (aside) print(`${shown(job.folder)} had no checkpoint: moved to ${shown(aside)}`)
    const state = jobState(job)
    return state.kind === 'finished' ? [] : [{ job, state, args: commandOf(job, state), log: `${job.folder}.log` }]
  })
  print(`${chosen.length} runs: ${chosen.length - tasks.length} finished, ${tasks.length} to do, ${jobs} at a time`)
  let done = 0
  const label = ({ job }: { job: Job }) => `${job.arm.name} seed ${job.seed}`
  return runPool(tasks, {
    program: [process.execPath, REPRISE],
    jobs,
    onInterrupt: options.onInterrupt,
    started: (task) => print(`        ${label(task)}: ${task.state.kind === 'begun' ? 'resumed' : 'started'}`),
    ended: (task, { exitCode, seconds, output }) => {
      done++
      const place = `[${done}/${tasks.length}]`.padEnd(8)
      const state = exitCode === 0 ? jobState(task.job) : undefined
      if (state?.kind === 'finished') {
        const { score, stepsPerSecond } = state.run.result!
        const pace = `${Math.round(stepsPerSecond)} steps/s`
        print(`${place}${label(task)}: score ${score.toFixed(1)} in ${seconds.toFixed(0)} s, ${pace}`)
      } else if (exitCode === INTERRUPTED) {
        print(`${place}${label(task)}: stopped, the same command continues it`)
      } else {
        const detail = output === '' ? '' : `\n${output}`
        print(`${place}${label(task)}: ended with exit code ${exitCode}, see ${shown(task.log)}${detail}`)
      }
    },
  })
}

function shown(path: string): string {
  return relative(process.cwd(), path)
}
