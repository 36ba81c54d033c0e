import type { Algorithm, PolicySpaces } from '@reprise/algorithms'
import type { Executor, LearnerProgram } from '@reprise/backend'
import type { OptionTable, OptionValues, Pcg64, Serializable } from '@reprise/core'
import type { EnvironmentMaker } from '../environments.ts'
import type { EpisodeWindow } from '../run/episode-window.ts'
import type { ThreadedRun } from './collector-threads.ts'
import type { Demonstrated } from './demonstrations.ts'
import type { Failures } from './failures.ts'
import type { PhaseTimer } from './phase-timer.ts'
import type { Policy } from './policy.ts'

/** What every loop is given. */
export interface LoopContext {
  readonly algorithm: Algorithm
  readonly options: OptionValues<OptionTable>
  readonly program: LearnerProgram
  readonly executor: Executor
  readonly policy: Policy
  readonly spaces: PolicySpaces
  readonly environments: EnvironmentMaker
  readonly episodes: EpisodeWindow
  readonly timer: PhaseTimer
  /** Told of each episode that failed, where the loop tolerates that. */
  readonly failures: Failures
  /** Episodes of `demonstrations` or `episodes`, where they have been read already. */
  readonly demonstrated?: readonly Demonstrated[] | undefined
  /** The run folder, for reports beside the log; absent where there is none. */
  readonly folder?: string
  /** Says something once, in the terminal and in the run's log. */
  readonly say?: (text: string) => void
  /** Where episodes are played in more than one thread. */
  readonly threaded?: ThreadedRun
  /** Environment steps at which the run ends. */
  readonly totalSteps: number
  /** Noise of the policy, order of minibatches and noise of updates, seeds of training environments, draws from a replay. */
  readonly rng: {
    readonly actions: Pcg64
    readonly minibatches: Pcg64
    readonly environments: Pcg64
    readonly replay: Pcg64
  }
}

/** Collect, prepare, update: one algorithm-shaped iteration at a time. */
export interface Loop {
  /** Fresh environments, before the first iteration of a new run. */
  start(): Promise<void>
  /** `progress` in [0, 1] is what schedules read. */
  iterate(progress: number): Promise<{ steps: number; metrics: Record<string, number> }>
  /** Further figures for a row of the log, asked for only when one is due. */
  logMetrics?(): Record<string, number>
  /** What the normalisers of the training environment hold now: part of what `save` gives, without the rest. */
  statistics(): Serializable
  save(): Serializable
  load(saved: Serializable): Promise<void>
  close(): Promise<void>
}

/** Runs prepared updates, if any, and reports them. */
export async function learn(
  context: LoopContext,
  prepared: { call: Parameters<Executor['updates']>[0] | undefined; metrics: Readonly<Record<string, number>> },
): Promise<Record<string, number>> {
  if (!prepared.call) return { ...prepared.metrics }
  const { metrics } = await context.executor.updates(prepared.call)
  return { ...prepared.metrics, ...context.algorithm.report(metrics) }
}
