/** What a run has learnt, ready to act. */
import type { Serializable } from '@reprise/core'
import { buildLearner } from './learner.ts'
import type { EnvLike } from './load-env/index.ts'
import { resolveRecorded } from './resume.ts'
import { type CheckpointChoice, readCheckpoint } from './run/checkpoint.ts'
import { readConfig } from './run/run-folder.ts'

export interface LoadOptions {
  /** `last` (default), `best` by evaluation, or a step. */
  readonly checkpoint?: CheckpointChoice
  readonly executor?: string
  /** Needed where the run was given its environment as an object. */
  readonly env?: EnvLike
}

/** The learner of a run's checkpoint, with the normalisers' statistics of that moment. */
export async function loadLearner(path: string, options: LoadOptions) {
  const { folder, config } = readConfig(path)
  const { info, state } = readCheckpoint(folder, options.checkpoint ?? 'last')
  const resolved = await resolveRecorded(config, { env: options.env, executor: options.executor })
  const learner = await buildLearner(resolved)
  const saved = state as unknown as {
    learner: Parameters<typeof learner.executor.load>[0]
    loop: { statistics: Serializable }
  }
  await learner.executor.load(saved.learner)
  return { config, algorithm: resolved.algorithm, step: info.step, learner, statistics: saved.loop.statistics }
}
