import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { checkCollectorThreads } from './config/collector-threads.ts'
import { type ResolvedRun, resolveRun, type TrainOptions } from './config/resolve.ts'
import { type InitialParameters, initFrom } from './init-from.ts'
import { buildLearner, type Learner } from './learner.ts'
import { readDemonstrations } from './loops/demonstrations.ts'
import { createReporter, type Reporter, type ReporterMode } from './reporting/index.ts'
import { lockRun } from './run/lock.ts'
import { provenance } from './run/provenance.ts'
import { createRunFolder, defaultRunFolder, type RunConfig, writeConfig } from './run/run-folder.ts'
import { Session, type SessionResult } from './session.ts'

export interface SessionOptions {
  /** What is shown meanwhile. Default in the API: `quiet`. */
  readonly ui?: ReporterMode | Reporter
  /** Aborting it saves a checkpoint and ends the run early. */
  readonly signal?: AbortSignal
  /** Who set the options, for messages: the command line names flags. */
  readonly source?: 'flag' | 'api'
}

/**
 * Trains an agent: resolves and checks every option, makes the run folder, runs to the end or until `signal`.
 *
 * @example
 * const { result, folder } = await train({ algo: 'ppo', env: 'CartPole-v1', steps: 100_000, set: { learningRate: 1e-3 } })
 * @throws RepriseError for every wrong option, before anything is written
 */
export async function train(options: TrainOptions & SessionOptions): Promise<SessionResult> {
  const resolved = await resolveRun(options, options.source ?? 'api')
  checkCollectorThreads(resolved)
  const built = await buildLearner(resolved)
  const learner = { ...built, demonstrated: await orDispose(built, () => readDemonstrations(resolved, built)) }
  const initial =
    resolved.initFrom === undefined ? undefined : await initFrom(resolved.initFrom, learner, resolved.algorithmOptions)
  const folder = createRunFolder(
    resolved.out ?? defaultRunFolder(resolved.algorithm.name, resolved.definition.spec.id, resolved.run.seed),
  )
  const unlock = lockRun(folder)
  try {
    const config = describeRun(resolved, learner, initial)
    writeConfig(folder, config)
    const session = makeSession(() => new Session(resolved, learner, folder, config, reporterFor(options.ui)), folder)
    await session.start()
    return await session.run(options.signal)
  } finally {
    unlock()
  }
}

async function orDispose<T>({ executor }: Learner, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    executor.dispose()
    throw error
  }
}

/** What cannot even be put together (a replay larger than the memory) leaves no run behind. */
function makeSession(make: () => Session, folder: string): Session {
  try {
    return make()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

export function reporterFor(ui: ReporterMode | Reporter | undefined): Reporter {
  return typeof ui === 'object' ? ui : createReporter({ mode: ui ?? 'quiet' })
}

/** What config.yaml says of a run. */
export function describeRun(resolved: ResolvedRun, learner: Learner, initial?: InitialParameters): RunConfig {
  const { versions, git, machine, command } = provenance()
  const { executor } = learner
  return {
    reprise: versions['reprise']!,
    algo: resolved.algorithm.name,
    env: {
      id: resolved.definition.spec.id,
      file: resolved.envFile ?? null,
      fileHash: resolved.envFile === undefined ? null : hashFile(resolved.envFile),
      loadable: resolved.envLoadable,
      options: resolved.envOptions,
    },
    executor: { name: executor.name, reason: executor.reason, deterministic: executor.deterministic },
    ...(initial ? { initFrom: initial } : {}),
    resume:
      ['group', 'dataset'].includes(resolved.algorithm.loop) || learner.environments.canSnapshot
        ? 'exact'
        : 'newEpisodes',
    preset: resolved.preset?.name ?? null,
    presetSource: resolved.preset?.source ?? null,
    options: { ...resolved.run, ...resolved.algorithmOptions },
    sources: Object.fromEntries(Object.entries(resolved.sources).filter(([, source]) => source !== 'default')),
    warnings: learner.warnings,
    started: new Date().toISOString(),
    versions,
    git,
    machine,
    command,
  }
}

/** SHA-256 of an environment's file (`path#export` names one of its exports). */
export function hashFile(reference: string): string {
  return createHash('sha256')
    .update(readFileSync(reference.split('#')[0]!))
    .digest('hex')
}
