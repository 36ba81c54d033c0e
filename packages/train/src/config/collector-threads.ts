/** What the option `collectorThreads` needs, and what it does not go together with. */
import type { GroupAlgorithm } from '@reprise/algorithms'
import { RepriseError } from '@reprise/core'
import type { ThreadedRun } from '../loops/collector-threads.ts'
import type { RunConfig } from '../run/run-folder.ts'
import type { ResolvedRun } from './resolve.ts'

/** @throws RPR_OPTION_CONFLICT, RPR_OPTION_RANGE, RPR_ENV_UNSUPPORTED */
export function checkCollectorThreads({
  algorithm,
  algorithmOptions,
  run,
  envLoadable,
  definition,
}: ResolvedRun): void {
  const threads = run.collectorThreads ?? 1
  if (threads === 1) return
  const { groups } = (algorithm as GroupAlgorithm).collection(algorithmOptions)
  if (threads > groups) {
    throw new RepriseError(
      'RPR_OPTION_RANGE',
      `Option 'collectorThreads' = ${threads} is more than the ${groups} groups that are played at once: a thread plays whole groups.`,
      { value: threads, hint: `Take 1 to ${groups}, or more groups.` },
    )
  }
  if (run.normalizeObservation) {
    throw new RepriseError(
      'RPR_OPTION_CONFLICT',
      `Options 'collectorThreads' = ${threads} and 'normalizeObservation' contradict each other: each thread would measure statistics of its own.`,
      { value: threads, hint: 'Leave one of them out.' },
    )
  }
  if (!envLoadable) {
    throw new RepriseError(
      'RPR_ENV_UNSUPPORTED',
      `Option 'collectorThreads' = ${threads} needs an environment that each thread can load, and '${definition.spec.id}' was given as an object.`,
      { value: threads, hint: 'Name it by its id, or by the file that exports it.' },
    )
  }
}

/** What threads need to build the learner of the run: its record, with the environment that it has now. */
export function threadedRun(
  { run, definition, envFile, envLoadable }: ResolvedRun,
  config: RunConfig,
): { readonly threaded?: ThreadedRun } {
  const threads = run.collectorThreads ?? 1
  if (threads === 1) return {}
  const env = { ...config.env, id: definition.spec.id, file: envFile ?? null, loadable: envLoadable }
  return { threaded: { threads, config: { ...config, env } } }
}
