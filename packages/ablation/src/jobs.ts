/** One arm with one seed is a job: a run folder that is absent, begun or finished, and the command that it needs. */
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError } from '@reprise/core'
import { type Run, readRun } from '@reprise/stats'
import type { Arm, Experiment } from './experiment.ts'

export interface Job {
  readonly arm: Arm
  readonly seed: number
  /** The run folder. */
  readonly folder: string
}

export type JobState = { readonly kind: 'finished'; readonly run: Run } | { readonly kind: 'begun' | 'absent' }

export function jobsOf(experiment: Experiment, runsFolder: string): Job[] {
  return experiment.arms.flatMap((arm) =>
    experiment.seeds.map((seed) => ({ arm, seed, folder: join(runsFolder, arm.name, `seed-${seed}`) })),
  )
}

/** Where a job stands. @throws RepriseError RPR_EXPERIMENT_INVALID where its folder holds a run with other settings */
export function jobState({ arm, seed, folder }: Job): JobState {
  if (!existsSync(join(folder, 'config.yaml'))) return { kind: 'absent' }
  const run = readRun(folder)
  const { algo, env, options } = run.config
  const wanted: [string, unknown, unknown][] = [
    ['algo', algo, arm.algo],
    ['env', env.id, arm.env],
    ['seed', options['seed'], seed],
    ['steps', options['steps'], arm.steps],
    ...Object.entries(arm.set).map(([key, value]): [string, unknown, unknown] => [key, options[key], value]),
  ]
  const other = wanted.find(([, there, here]) => JSON.stringify(there) !== JSON.stringify(here))
  if (other) {
    const [key, there, here] = other
    throw new RepriseError(
      'RPR_EXPERIMENT_INVALID',
      `'${folder}' was run with ${key} = ${JSON.stringify(there)}, the experiment now says ${JSON.stringify(here)}.`,
      { value: folder, hint: 'Delete that folder or move it away.' },
    )
  }
  return run.result ? { kind: 'finished', run } : { kind: 'begun' }
}

/** The arguments of `reprise` that bring a job to its end. */
export function commandOf({ arm, seed, folder }: Job, state: JobState): string[] {
  if (state.kind === 'begun') return ['resume', folder, '--quiet']
  const set = Object.entries(arm.set).flatMap(([key, value]) => ['--set', `${key}=${text(value)}`])
  return [
    ...['train', '--algo', arm.algo, '--env', arm.env, '--steps', String(arm.steps), '--seed', String(seed)],
    ...(arm.preset === null ? [] : ['--preset', arm.preset]),
    ...set,
    ...['--out', folder, '--quiet'],
  ]
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * A run that died before its first checkpoint has nothing to continue from and would block its folder: it is moved
 * beside it. Returns where to.
 */
export function setStillbornAside({ folder }: Job): string | undefined {
  if (!existsSync(folder) || existsSync(join(folder, 'result.json'))) return undefined
  const checkpoints = join(folder, 'checkpoints')
  if (existsSync(checkpoints) && readdirSync(checkpoints).some((name) => /^\d+$/.test(name))) return undefined
  for (let n = 1; ; n++) {
    const aside = `${folder}.aside-${n}`
    if (existsSync(aside)) continue
    renameSync(folder, aside)
    return aside
  }
}
