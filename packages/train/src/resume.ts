import { RepriseError } from '@reprise/core'
import { checkCollectorThreads } from './config/collector-threads.ts'
import { type ResolvedRun, resolveRun } from './config/resolve.ts'
import { buildLearner } from './learner.ts'
import type { EnvLike } from './load-env/index.ts'
import { readCheckpoint } from './run/checkpoint.ts'
import { lockRun } from './run/lock.ts'
import { type RunConfig, readConfig, readResult, writeConfig } from './run/run-folder.ts'
import { setAsideLaterRows } from './run/run-log.ts'
import { Session, type SessionResult } from './session.ts'
import { hashFile, reporterFor, type SessionOptions } from './train.ts'

export interface ResumeOptions extends SessionOptions {
  /** Train to this many steps in all: extends a finished run. */
  readonly steps?: number
  /** Needed where the run was given its environment as an object. */
  readonly env?: EnvLike
  /** Another executor than the run began on: it goes on, but no longer bit for bit. */
  readonly executor?: string
}

/**
 * Continues a run from its last checkpoint, as if it had never stopped; rows written after that checkpoint are moved
 * to `set-aside/` first.
 * @throws RPR_RUN_INVALID, RPR_RUN_LOCKED, RPR_CHECKPOINT_*, RPR_USAGE where there is nothing left to do
 */
export async function resume(path: string, options: ResumeOptions = {}): Promise<SessionResult> {
  const { folder, config } = readConfig(path)
  const unlock = lockRun(folder)
  try {
    const { info, state } = readCheckpoint(folder, 'last')
    const resolved = await resolveRecorded(config, options)
    const target = resolved.run.steps
    // The result of a run that is being extended is that of its former end.
    if (info.step >= target && readResult(folder)?.steps === info.step) {
      throw new RepriseError('RPR_USAGE', `'${path}' is finished: ${info.step} of ${target} steps.`, {
        value: options.steps,
        hint: `Extend it with --steps N, N > ${info.step}.`,
      })
    }
    checkCollectorThreads(resolved)
    const learner = await buildLearner(resolved)
    const notes = [...notesOn(config, resolved, info, options)]
    if (learner.executor.name !== info.executor) {
      notes.push(
        `Resumed on ${learner.executor.name}, begun on ${info.executor}: results are no longer equal bit for bit.`,
      )
    }
    const extended: RunConfig = {
      ...config,
      // Where its file has moved, the run need not be told again.
      env:
        options.env === undefined || resolved.envFile === undefined
          ? config.env
          : { ...config.env, file: resolved.envFile },
      options: { ...config.options, steps: target },
      executor: {
        name: learner.executor.name,
        reason: learner.executor.reason,
        deterministic: learner.executor.deterministic,
      },
      warnings: [...config.warnings, ...notes.filter((note) => !config.warnings.includes(note))],
    }
    const moved = setAsideLaterRows(folder, info.lengths, info.step)
    const session = new Session(resolved, learner, folder, extended, reporterFor(options.ui))
    // The state is known to fit before the config says so.
    await session.load(state)
    writeConfig(folder, extended)
    return await session.run(
      options.signal,
      `Resumed at step ${info.step}${moved > 0 ? '; later rows were set aside' : ''}.`,
    )
  } finally {
    unlock()
  }
}

/** The run that a config.yaml describes. Recorded values count as a preset: they are nobody's word on the command line. */
export async function resolveRecorded(
  config: RunConfig,
  options: Pick<ResumeOptions, 'steps' | 'env' | 'executor'> = {},
): Promise<ResolvedRun> {
  const env = options.env ?? (config.env.loadable ? (config.env.file ?? config.env.id) : undefined)
  if (env === undefined) {
    throw new RepriseError(
      'RPR_RUN_INVALID',
      `The run was given its environment '${config.env.id}' as an object, which no file records.`,
      {
        value: config.env.id,
        hint: 'Pass it again: resume(path, { env }).',
      },
    )
  }
  const { steps, ...recorded } = config.options
  return resolveRun(
    {
      algo: config.algo,
      env,
      envOptions: config.env.options,
      preset: false,
      executor: options.executor ?? config.executor.name,
      set: { ...recorded, steps: options.steps ?? steps },
    },
    'recorded',
  )
}

function* notesOn(
  config: RunConfig,
  resolved: ResolvedRun,
  info: { node: string; step: number },
  options: ResumeOptions,
): Iterable<string> {
  const before = config.options['steps'] as number
  if (options.steps !== undefined && options.steps !== before) {
    yield options.steps > before
      ? `Extended from ${before} to ${options.steps} steps at step ${info.step}: schedules now run over the longer run, so a rate that had fallen jumps up again.`
      : `Shortened from ${before} to ${options.steps} steps at step ${info.step}: schedules now run over the shorter run, so a rate that falls jumps down.`
  }
  const major = (version: string) => version.split('.')[0]
  if (major(info.node) !== major(process.versions.node)) {
    yield `Resumed on Node.js ${process.versions.node}, begun on ${info.node}: results may differ in the last bits.`
  }
  if (resolved.envFile !== undefined && config.env.fileHash !== hashFile(resolved.envFile)) {
    yield `'${resolved.envFile}' has changed since the run began: the run goes on in the changed environment.`
  }
}
