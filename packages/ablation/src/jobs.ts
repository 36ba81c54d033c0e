/** One arm with one seed is a job: a folder that is absent, begun or finished, and the command that it needs. */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError } from '@reprise/core'
import { type Run, readRun } from '@reprise/stats'
import type { Arm, Experiment } from './experiment.ts'
import { readStudyRecord, type StudyRecord, studyMismatch, writeStudyRequest } from './study-folder.ts'

export interface Job {
  readonly arm: Arm
  readonly seed: number
  /** The run folder. */
  readonly folder: string
  /** Path of the study; null for a training run. */
  readonly study: string | null
  readonly quick: boolean
}

export type JobState =
  | { readonly kind: 'finished'; readonly run: Run }
  | { readonly kind: 'finished'; readonly record: StudyRecord }
  | { readonly kind: 'begun' | 'absent' }

export function jobsOf(experiment: Experiment, runsFolder: string, quick = false): Job[] {
  const { study } = experiment
  return experiment.arms.flatMap((arm) =>
    (arm.seeds ?? experiment.seeds).map((seed) => ({
      arm,
      seed,
      folder: join(runsFolder, arm.name, `seed-${seed}`),
      study,
      quick,
    })),
  )
}

/** Where a job stands. @throws RepriseError RPR_EXPERIMENT_INVALID where its folder holds a run with other settings */
export function jobState(job: Job): JobState {
  const { arm, seed, folder, study } = job
  if (study !== null) {
    const other = studyMismatch(job)
    if (other) throw otherSettings(folder, other)
    const record = readStudyRecord(folder)
    if (record) return { kind: 'finished', record }
    return { kind: existsSync(join(folder, 'job.json')) ? 'begun' : 'absent' }
  }
  if (!existsSync(join(folder, 'config.yaml'))) return { kind: 'absent' }
  const run = readRun(folder)
  const { algo, env, options, preset, sources = {} } = run.config
  const { train } = arm
  // What a flag set then and no key says now.
  const dropped = Object.keys(sources).filter(
    (key) => sources[key] === 'flag' && !['seed', 'steps'].includes(key) && !(key in arm.set),
  )
  const wanted: [string, unknown, unknown][] = [
    ['algo', algo, train!.algo],
    ['env', env.id, train!.env],
    ['seed', options['seed'], seed],
    ['steps', options['steps'], train!.steps],
    // Null leaves the choice to the environment's own preset.
    ...(train!.preset === null ? [] : [['preset', preset, train!.preset || null] as [string, unknown, unknown]]),
    ...dropped.map((key): [string, unknown, unknown] => [key, options[key], undefined]),
    ...Object.entries(arm.set).map(([key, value]): [string, unknown, unknown] => [key, options[key], value]),
    ...Object.entries(train!.envOptions).map(([key, value]): [string, unknown, unknown] => [
      `envOptions.${key}`,
      env.options[key],
      value,
    ]),
  ]
  const other = wanted.find(([key, there, here]) =>
    // Options of an environment are recorded as they were given: as text.
    key.startsWith('envOptions.') && there !== undefined
      ? optionText(there) !== optionText(here)
      : JSON.stringify(there) !== JSON.stringify(here),
  )
  if (other) throw otherSettings(folder, other)
  return run.result ? { kind: 'finished', run } : { kind: 'begun' }
}

/** The arguments of `reprise` that bring a job to its end. A study's request is written into its folder. */
export function commandOf(job: Job, state: JobState): string[] {
  const { arm, seed, folder, study } = job
  if (study !== null) {
    writeStudyRequest(job)
    return ['run-study', folder]
  }
  if (state.kind === 'begun') return ['resume', folder, '--quiet']
  const { algo, env, steps, preset, envOptions } = arm.train!
  const pairs = (flag: string, options: Readonly<Record<string, unknown>>) =>
    Object.entries(options).flatMap(([key, value]) => [flag, `${key}=${optionText(value)}`])
  return [
    ...['train', '--algo', algo, '--env', env, '--steps', String(steps), '--seed', String(seed)],
    ...(preset === null ? [] : preset === false ? ['--no-preset'] : ['--preset', preset]),
    ...pairs('--set', arm.set),
    ...pairs('--env-set', envOptions),
    ...['--out', folder, '--quiet'],
  ]
}

/** Values as `--set` takes them: `64,64` for a list of plain ones, `none` for null. */
function optionText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null) return 'none'
  const plain = Array.isArray(value) && value.every((entry) => typeof entry !== 'object')
  return plain ? value.join(',') : JSON.stringify(value)
}

/** What a job that is not finished last said about it; undefined where it said nothing. */
export function lastWords({ folder }: Job): string | undefined {
  const log = `${folder}.log`
  if (!existsSync(log)) return undefined
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  const error =
    lines.findLast((line) => /^(unexpected )?error\b/.test(line)) ?? lines.findLast((line) => /\bError\b/.test(line))
  return error?.slice(0, 300)
}

/**
 * A training run that died before its first checkpoint has nothing to continue from and would block its folder: it is
 * moved beside it. Returns where to. A study is called again with its folder as it is.
 */
export function setStillbornAside({ folder, study }: Job): string | undefined {
  if (study !== null || !existsSync(folder) || existsSync(join(folder, 'result.json'))) return undefined
  const checkpoints = join(folder, 'checkpoints')
  if (existsSync(checkpoints) && readdirSync(checkpoints).some((name) => /^\d+$/.test(name))) return undefined
  for (let n = 1; ; n++) {
    const aside = `${folder}.aside-${n}`
    if (existsSync(aside)) continue
    renameSync(folder, aside)
    return aside
  }
}

function otherSettings(folder: string, [key, there, here]: readonly [string, unknown, unknown]): RepriseError {
  return new RepriseError(
    'RPR_EXPERIMENT_INVALID',
    `'${folder}' was run with ${key} = ${JSON.stringify(there)}, the experiment now says ${JSON.stringify(here)}.`,
    { value: folder, hint: 'Delete that folder or move it away.' },
  )
}
