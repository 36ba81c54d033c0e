/** What an algorithm is: a table of options, a program for given spaces, and how collected data become updates. */
import type { HostRecord, HostTree, LearnerProgram, SequenceShape, UpdatesCall } from '@reprise/backend'
import type { OptionTable, OptionValues, Pcg64, Space } from '@reprise/core'
import type { EpisodeReplayConfig, GroupedEpisodes, Judged, ReplayConfig } from '@reprise/replay'
import type { EpisodeSource } from './episode-source.ts'
import type { TaskChoice } from './task-options.ts'

/** What a policy must know of the environment: the encoded observation and the action space. */
export interface PolicySpaces {
  readonly observation: Space
  readonly action: Space
  /** Elements of an encoded observation (packages/nn encoder). */
  readonly observationSize: number
  /** Flat number of mask elements, 0 where the environment declares no masks. */
  readonly maskSize: number
}

export interface BuildContext<O> {
  readonly spaces: PolicySpaces
  readonly options: O
  /** Parameter initialisation draws from this and from nothing else. */
  readonly rng: Pcg64
  /** Longest episode, where the environment has a limit. */
  readonly maxEpisodeSteps: number | undefined
}

export interface PrepareContext<O> {
  readonly options: O
  /** Minibatch order draws from this and from nothing else. */
  readonly rng: Pcg64
  /** Share of the run that is done, in [0, 1]: what schedules read. */
  readonly progress: number
  readonly spaces: PolicySpaces
  /** How the program wants its rows laid out, where its policy has memory (`LearnerProgram.sequences`). */
  readonly sequences?: readonly SequenceShape[] | undefined
}

/** The updates to run on the data of one iteration (undefined: none is worth running), and what to log about them. */
export interface Prepared {
  readonly call: UpdatesCall | undefined
  readonly metrics: Readonly<Record<string, number>>
}

interface AlgorithmBase<T extends OptionTable, O> {
  readonly name: string
  /** One line for `list algos`. */
  readonly summary: string
  readonly options: T
  /** Legal but odd choices, each a sentence with its consequence. Contradictions throw RPR_OPTION_CONFLICT. */
  check?(context: Omit<BuildContext<O>, 'rng'>): string[]
  /** Options without effect on these spaces, each with the reason: refused where a user set them. */
  inert?(spaces: PolicySpaces): Readonly<Record<string, string>>
  build(context: BuildContext<O>): LearnerProgram
  /** What to log of the per-update metrics; given one [k] array per name. */
  report(metrics: Readonly<Record<string, Float32Array>>): Record<string, number>
}

/**
 * Fixed-length rollouts of N environments under SameStep autoreset: T steps, columns [T, N, ...].
 * Everything in `columns` is what `act` was given and gave.
 */
export interface Rollout {
  readonly steps: number
  readonly numEnvs: number
  /** observation, every output of `act` (action, logProb, value), mask where declared. */
  readonly columns: HostRecord
  /** [T, N] */
  readonly rewards: Float32Array
  readonly terminated: Uint8Array
  readonly truncated: Uint8Array
  /** [T, N] 1 where the observation is the first of its episode: where the memory of a policy begins anew. */
  readonly episodeStart: Uint8Array
  /** [T, N] value of the final observation on rows that were truncated and not terminated, else 0. */
  readonly finalValues: Float32Array
  /** [N] value of the observation after the last step. */
  readonly lastValues: Float32Array
  /** [N, memorySize] what the policy remembered before the first step; only of a policy with memory. */
  readonly memory?: Float32Array
}

export interface RolloutAlgorithm<T extends OptionTable = OptionTable, O = OptionValues<T>>
  extends AlgorithmBase<T, O> {
  readonly loop: 'rollout'
  /** How much to collect per iteration. */
  collection(options: O): { numEnvs: number; steps: number }
  prepare(rollout: Rollout, context: PrepareContext<O>): Prepared
}

/**
 * Whole episodes in groups that share a reset seed, as `packages/replay` has them: fresh ones, and where the algorithm
 * declares a replay of episodes, stored ones among them.
 */
export type EpisodeGroups = GroupedEpisodes

export interface GroupAlgorithm<T extends OptionTable = OptionTable, O = OptionValues<T>> extends AlgorithmBase<T, O> {
  readonly loop: 'group'
  /**
   * `maxBatches`: how often to sample anew at most until enough groups carry a signal; 1 without dynamic sampling.
   * `batchGroups`: groups that are trained on, stored ones included; default `groups`, which are played.
   */
  collection(options: O): { groups: number; groupSize: number; maxBatches: number; batchGroups?: number }
  /** Which tasks the groups play, and how many episodes each. Absent: all alike. */
  taskChoice?(options: O): TaskChoice
  /** [numEpisodes] 1 for episodes of groups that carry a signal (whose rewards differ). */
  informative(episodes: EpisodeGroups, options: O): Uint8Array
  /**
   * `reward/*`, `group/*` and `episodes/*` of what was sampled. `prepare` reports them of its batch; with dynamic
   * sampling they are asked for again over all batches. `columns` is then empty.
   */
  describe(episodes: EpisodeGroups, options: O): Record<string, number>
  /**
   * Whether log-probs are evaluated once more before `prepare`: of all episodes, or of those that are informative (and
   * replayed), where no others are trained on. undefined: not.
   */
  recomputes?(options: O): 'all' | 'informative' | undefined
  /** Which fresh episodes are kept, and how they come back: decided by the group assembler. Absent or undefined: none. */
  episodeReplay?(options: O): EpisodeReplayConfig | undefined
  /** Rewards and advantages of fresh episodes, [numEpisodes] each: what the replay of episodes scores them by. */
  judge?(episodes: EpisodeGroups, options: O): Judged
  /** Where episodes to seed the replay with come from. */
  demonstrations?(options: O): EpisodeSource | null
  /** Whether checkpoints hold the stored episodes. Default: they do. */
  savesEpisodes?(options: O): boolean
  /** Further episodes for the groups that are flagged, played before anything else is done with the batch. */
  secondRound?(
    episodes: EpisodeGroups,
    options: O,
  ): { groups: readonly number[]; episodes: number; temperature: number } | undefined
  /** The state of a policy that acts at another temperature. */
  tempered?(state: HostTree, temperature: number, context: Omit<BuildContext<O>, 'rng'>): HostTree
  prepare(episodes: EpisodeGroups, context: PrepareContext<O>): Prepared
}

/** When a replay algorithm collects and when it learns. A vector step is one step of all `numEnvs` environments. */
export interface ReplayCollection {
  readonly numEnvs: number
  /** Environment steps before the first update; until then `exploration` is told that it is warm-up. */
  readonly learningStarts: number
  /** Vector steps between bursts of updates. */
  readonly trainEvery: number
  /** Updates per burst. May be fractional: what is left over is carried on. */
  readonly updates: number
  /** Updates per burst once the fraction of active units has settled (adaptive replay ratio). Absent: never. */
  readonly updatesLater?: number
  /** Episodes between looks at the fraction of active units, and the change that counts as none. Default 50, 0.001. */
  readonly settledEvery?: number
  readonly settledGap?: number
  readonly batchSize: number
  /** Vector steps between draws of the noise inputs that `hold`. Default: `trainEvery`. */
  readonly noiseEvery?: number
}

/** What the schedule of one update may depend on. */
export interface UpdateMoment<O> {
  readonly options: O
  /** Share of the run that is done, in [0, 1]. */
  readonly progress: number
  /** Environment steps so far, and at the burst before (0 before the first). */
  readonly step: number
  readonly previousStep: number
  /** Updates made since the start of the run, and this one's place in its burst of `count`. */
  readonly update: number
  readonly index: number
  readonly count: number
  /** Random choices of an update that the host makes (REDQ's subset) draw from this and from nothing else. */
  readonly rng: Pcg64
}

/**
 * Transitions go into a replay and are drawn again and again. The batch of an update is filled by name: `observation`
 * and `nextObservation` (encoded), `mask` and `nextMask`, the stored fields, `reward` (summed over the row's n steps),
 * `discount` (gamma^m, 0 where the task ended), `weight` (importance weights). `rows.tdError` of `update` [B], where it
 * is given, is fed back to the replay.
 */
export interface ReplayAlgorithm<T extends OptionTable = OptionTable, O = OptionValues<T>> extends AlgorithmBase<T, O> {
  readonly loop: 'replay'
  collection(options: O): ReplayCollection
  /** The replay to store into and to draw from. */
  replay(options: O): ReplayConfig
  /** The outputs of `act` that are stored. `act` always gives `action`, in the form that its action head writes. */
  stored(options: O): readonly string[]
  /** Values of the inputs of `act` that are neither observation, mask nor noise; each holds for all rows. */
  exploration(context: { options: O; progress: number; warmup: boolean }): Record<string, number>
  /** The scalars of one update. */
  schedule(moment: UpdateMoment<O>): Record<string, number>
}

/** Stored episodes are passed over again and again; no environment is stepped for training. */
export interface DatasetAlgorithm<T extends OptionTable = OptionTable, O = OptionValues<T>>
  extends AlgorithmBase<T, O> {
  readonly loop: 'dataset'
  collection(options: O): { numEnvs: number }
  /** Where the episodes come from. */
  episodes(options: O): EpisodeSource
  /** The updates of one pass. Columns of `episodes`: observation, action, mask where declared. */
  prepare(episodes: EpisodeGroups, context: PrepareContext<O>): Prepared
}

export type Algorithm = RolloutAlgorithm | GroupAlgorithm | ReplayAlgorithm | DatasetAlgorithm

/** Types a definition by its option table and gives it back as it is. */
export function defineRolloutAlgorithm<const T extends OptionTable>(
  algorithm: RolloutAlgorithm<T>,
): RolloutAlgorithm<T> {
  return algorithm
}

export function defineGroupAlgorithm<const T extends OptionTable>(algorithm: GroupAlgorithm<T>): GroupAlgorithm<T> {
  return algorithm
}

export function defineDatasetAlgorithm<const T extends OptionTable>(
  algorithm: DatasetAlgorithm<T>,
): DatasetAlgorithm<T> {
  return algorithm
}

export function defineReplayAlgorithm<const T extends OptionTable>(algorithm: ReplayAlgorithm<T>): ReplayAlgorithm<T> {
  return algorithm
}
