/** Runs an experiment's jobs that are not finished yet, then writes its report. */
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { RepriseError, suggest } from '@reprise/core'
import { type Experiment, quickened } from './experiment.ts'
import { commandOf, type Job, type JobState, jobState, jobsOf, setStillbornAside } from './jobs.ts'
import { INTERRUPTED, runPool } from './pool.ts'
import { readExperiment } from './read-experiment.ts'
import { writeReport, writtenLine } from './report/write.ts'
import { readSummary, summarise } from './summary.ts'

export interface RunExperimentOptions {
  /** How `reprise` is started: the program and its first arguments. */
  readonly program: readonly [string, ...string[]]
  /** The experiment's `quick:` form; results go beside the runs, not into the experiment's folder. */
  readonly quick?: boolean
  /** Processes at a time; the number of cores by default, and never more than jobs. */
  readonly jobs?: number
  /** Names of arms or methods to run; all of them by default. */
  readonly only?: readonly string[]
  /** Run nothing: write the report of what is there. */
  readonly reportOnly?: boolean
  /** Where runs go: `runs/experiments` by default. */
  readonly runs?: string
  /** The command as a person would type it again. */
  readonly command?: string
  readonly print?: (line: string) => void
  readonly onInterrupt?: (interrupt: () => void) => void
}

/**
 * Runs every arm with every seed, each in a process of its own. A finished run is skipped and one that was begun is
 * resumed, so the same command continues whatever stopped it. Returns 0, or 1 where runs are missing.
 * @param folder holds experiment.yaml; its `results` folder gets the report
 * @throws RepriseError RPR_FILE_MISSING, RPR_EXPERIMENT_INVALID, RPR_RUN_INVALID, RPR_USAGE
 */
export async function runExperiment(folder: string, options: RunExperimentOptions): Promise<number> {
  const { quick = false, print = console.log } = options
  const file = readExperiment(join(folder, 'experiment.yaml'))
  const experiment = quick ? quickened(file) : file
  const runsFolder = runsFolderOf(file, quick, options.runs)
  const chosen = chosenJobs(experiment, runsFolder, quick, options.only)
  const missing = options.reportOnly ? 0 : await finishJobs(chosen, options, print)

  const results = quick ? join(runsFolder, 'results') : join(folder, 'results')
  const command = options.command ?? `reprise ablate ${file.name}${quick ? ' --quick' : ''}`
  const files = reportExperiment(experiment, { runsFolder, results, command, quick })
  print(writtenLine(files, shown))
  return missing === 0 ? 0 : 1
}

export function runsFolderOf({ name }: Experiment, quick: boolean, runs = join('runs', 'experiments')): string {
  return join(runs, quick ? `${name}-quick` : name)
}

export interface ReportExperimentOptions {
  readonly runsFolder: string
  /** Where the report goes, and where arms whose runs are no longer here were recorded. */
  readonly results: string
  readonly command: string
  readonly quick?: boolean
}

/** Writes the report of the runs that are there; returns its files. */
export function reportExperiment(
  experiment: Experiment,
  { runsFolder, results, command, quick = false }: ReportExperimentOptions,
): string[] {
  const recorded = readSummary(join(results, 'summary.json'))
  return writeReport(results, summarise(experiment, runsFolder, command, { quick, recorded }))
}

function chosenJobs(
  experiment: Experiment,
  runsFolder: string,
  quick: boolean,
  only: readonly string[] | undefined,
): Job[] {
  const names = [...new Set(experiment.arms.flatMap(({ name, method }) => [name, method]))]
  for (const name of only ?? []) {
    if (!names.includes(name)) {
      throw new RepriseError('RPR_USAGE', `There is no arm '${name}' in '${experiment.name}'.`, {
        value: name,
        hint: suggest(name, names),
      })
    }
  }
  return jobsOf(experiment, runsFolder, quick).filter(
    ({ arm }) => !only || only.includes(arm.name) || only.includes(arm.method),
  )
}

async function finishJobs(
  chosen: readonly Job[],
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
  const jobs = Math.max(1, Math.min(options.jobs ?? availableParallelism(), tasks.length))
  print(`${chosen.length} runs: ${chosen.length - tasks.length} finished, ${tasks.length} to do, ${jobs} at a time`)
  let done = 0
  const label = ({ job }: { job: Job }) => `${job.arm.name} seed ${job.seed}`
  let refused: unknown
  const missing = await runPool(tasks, {
    program: options.program,
    jobs,
    onInterrupt: options.onInterrupt,
    started: (task) => {
      // What an earlier attempt said is no longer true.
      rmSync(task.log, { force: true })
      print(`        ${label(task)}: ${task.state.kind === 'begun' ? 'resumed' : 'started'}`)
    },
    ended: (task, { exitCode, seconds, output }) => {
      done++
      const place = `[${done}/${tasks.length}]`.padEnd(8)
      let state: JobState | undefined
      try {
        state = exitCode === 0 ? jobState(task.job) : undefined
      } catch (error) {
        // Thrown once the others have ended: they are not left behind without a parent.
        refused ??= error
        print(`${place}${label(task)}: ${(error as Error).message}`)
        return
      }
      if (state?.kind === 'finished') {
        print(`${place}${label(task)}: ${outcome(state)} in ${seconds.toFixed(0)} s`)
      } else if (exitCode === INTERRUPTED) {
        print(`${place}${label(task)}: stopped, the same command continues it`)
      } else {
        const detail = output === '' ? '' : `\n${output}`
        print(`${place}${label(task)}: ended with exit code ${exitCode}, see ${shown(task.log)}${detail}`)
      }
    },
  })
  if (refused !== undefined) throw refused
  return missing
}

function outcome(state: JobState): string {
  if ('run' in state)
    return `score ${state.run.result!.score.toFixed(1)}, ${Math.round(state.run.result!.stepsPerSecond)} steps/s`
  if (!('record' in state)) return ''
  const [name, value] = Object.entries(state.record.result.metrics)[0]!
  return `${name} ${Number(value.toPrecision(4))}`
}

function shown(path: string): string {
  return relative(process.cwd(), path)
}
