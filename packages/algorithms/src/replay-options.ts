/** What every replay algorithm can be told of collecting, storing and drawing: the part of its options that they share. */
import { type OptionSpec, type OptionTable, type OptionValues, option, RepriseError } from '@reprise/core'
import type { DrawConfig, ReplayConfig } from '@reprise/replay'
import type { ReplayCollection } from './algorithm.ts'

/** How rows are chosen. `prioritized` is proportional; `lap` and `pal` are the two faces of Fujimoto et al. 2020. */
export const REPLAYS = ['uniform', 'prioritized', 'rank', 'lap', 'pal', 'recency', 'reverse'] as const
type Replay = (typeof REPLAYS)[number]

/** Where algorithms differ: the rest of the table is the same for all. */
interface ReplayDefaults {
  capacity: number
  batchSize: number
  learningStarts: number
  trainEvery: number
}

const only =
  (...replays: Replay[]) =>
  ({ replay }: { replay: Replay }) =>
    replays.includes(replay) ? undefined : `replay is ${replay}, and only ${replays.join(', ')} reads it`

const onlyAdaptive = ({ gradientStepsLater }: { gradientStepsLater: number | null }) =>
  gradientStepsLater === null ? 'gradientStepsLater is not set: the number of updates does not change' : undefined

/** Updates per burst: any number > 0, or -1. */
function updateCount(spec: OptionSpec<number>): OptionSpec<number> {
  return {
    ...spec,
    range: 'a number > 0, or -1',
    read(value) {
      const result = spec.read(value)
      return 'value' in result && result.value !== -1 && result.value <= 0 ? { error: 'RPR_OPTION_RANGE' } : result
    },
  }
}

/** The table, to be spread into an algorithm's own. */
export function replayOptions(defaults: ReplayDefaults) {
  return {
    numEnvs: option.integer({ default: 1, min: 1, doc: 'Environments stepped together.', aliases: ['n_envs'] }),
    capacity: option.integer({
      default: defaults.capacity,
      min: 1,
      doc: 'Transitions that the replay keeps, over all environments.',
      aliases: ['bufferSize', 'buffer_size'],
    }),
    batchSize: option.integer({
      default: defaults.batchSize,
      min: 1,
      doc: 'Transitions drawn for one update.',
      aliases: ['batch_size'],
    }),
    learningStarts: option.integer({
      default: defaults.learningStarts,
      min: 0,
      doc: 'Environment steps with random actions before the first update.',
      aliases: ['learning_starts'],
    }),
    trainEvery: option.integer({
      default: defaults.trainEvery,
      min: 1,
      doc: 'Steps of each environment between two bursts of updates.',
      aliases: ['train_freq', 'train_frequency'],
    }),
    gradientSteps: updateCount(
      option.number({
        default: 1,
        min: -1,
        doc: 'Updates of a burst; a fraction is carried over to the next. -1: one per environment step.',
        aliases: ['gradient_steps'],
      }),
    ),
    gradientStepsLater: option.optionalNumber({
      default: null,
      min: 0,
      above: true,
      doc: 'Updates of a burst once the fraction of active units has settled (adaptive replay ratio).',
      aliases: ['gradient_steps_later'],
    }),
    settledEvery: option.integer({
      default: 50,
      min: 1,
      doc: 'Episodes between two looks at the fraction of active units.',
      inert: onlyAdaptive,
    }),
    settledGap: option.number({
      default: 0.001,
      min: 0,
      doc: 'The fraction of active units has settled when it changes by no more than this from look to look.',
      inert: onlyAdaptive,
    }),
    gamma: option.number({ default: 0.99, min: 0, max: 1, doc: 'Discount.' }),
    nSteps: option.integer({
      default: 1,
      min: 1,
      doc: 'Rewards summed before the value of a later state takes over.',
      aliases: ['n_step', 'n_steps'],
    }),
    replay: option.choice({
      values: REPLAYS,
      default: 'uniform',
      doc: 'How transitions are drawn. prioritized, rank: by TD error, with importance weights. lap: by TD error with a floor, without weights. pal: uniformly, with the loss that matches lap. recency: emphasising recent ones. reverse: episodes from last to first.',
    }),
    withReplacement: option.boolean({
      default: true,
      doc: 'Whether a transition can be drawn twice in a batch.',
      inert: only('uniform', 'pal'),
    }),
    priorityAlpha: option.optionalNumber({
      default: null,
      min: 0,
      max: 1,
      doc: "Exponent of the priorities; 0 is uniform. none: the method's own (prioritized 0.6, rank 0.7, lap and pal 0.4).",
      aliases: ['prioritized_replay_alpha'],
      inert: only('prioritized', 'rank', 'lap', 'pal'),
    }),
    priorityBeta: option.schedule({
      default: 'linear(0.4, 1)',
      min: 0,
      max: 1,
      doc: 'Exponent of the importance weights; 1 corrects in full.',
      aliases: ['prioritized_replay_beta'],
      inert: only('prioritized', 'rank'),
    }),
    priorityEpsilon: option.number({
      default: 1e-6,
      min: 0,
      doc: 'Added to the TD error, so that none is never drawn again.',
      aliases: ['prioritized_replay_eps'],
      inert: only('prioritized'),
    }),
    priorityNormalize: option.choice({
      values: ['batchMax', 'globalMin'],
      default: 'batchMax',
      doc: 'Importance weights are divided by the largest of the batch, or by the largest that any transition has.',
      inert: only('prioritized', 'rank'),
    }),
    newPriority: option.choice({
      values: ['runningMax', 'currentMax', 'one'],
      default: 'runningMax',
      doc: 'Priority of new transitions: the largest so far, the largest stored now, or 1.',
      inert: only('prioritized', 'rank'),
    }),
    stratified: option.boolean({
      default: true,
      doc: 'One draw from each of batchSize equal shares of the total priority.',
      inert: only('prioritized', 'rank'),
    }),
    lapFloor: option.number({
      default: 1,
      min: 0,
      above: true,
      doc: 'Smallest priority of lap; where the loss of lap and pal turns from square to linear.',
      aliases: ['min_priority'],
      inert: only('lap', 'pal'),
    }),
    recencyEta: option.schedule({
      default: 'linear(0.996, 1)',
      min: 0,
      above: true,
      max: 1,
      doc: 'How fast the window on the newest transitions shrinks within a burst; 1 is uniform.',
      inert: only('recency'),
    }),
    recencyLeast: option.integer({
      default: 2500,
      min: 1,
      doc: 'The window never holds fewer transitions.',
      inert: only('recency'),
    }),
    withLatest: option.boolean({
      default: false,
      doc: 'The newest transition of each environment is always in the batch (combined experience replay).',
    }),
    hindsight: option.choice({
      values: ['none', 'future', 'final', 'episode'],
      default: 'none',
      doc: 'Goals replaced by ones that the episode reached: later in it, at its end, or anywhere. Needs an environment with goals.',
      aliases: ['goal_selection_strategy'],
    }),
    hindsightPerReal: option.number({
      default: 4,
      min: 0,
      above: true,
      doc: 'Transitions with a replaced goal per transition with its own.',
      aliases: ['n_sampled_goal'],
      inert: ({ hindsight }: { hindsight: string }) => (hindsight === 'none' ? 'hindsight is none' : undefined),
    }),
  } satisfies OptionTable
}

export type ReplayOptions = OptionValues<ReturnType<typeof replayOptions>>

/** Exponents of the papers: Schaul et al. 2016, Fujimoto et al. 2020. */
const ALPHA: Partial<Record<Replay, number>> = { prioritized: 0.6, rank: 0.7, lap: 0.4, pal: 0.4 }

/** The exponent in force; 0 where draws have no priorities. PAL's loss has it too. */
export function priorityAlphaOf({ replay, priorityAlpha }: Pick<ReplayOptions, 'replay' | 'priorityAlpha'>): number {
  return ALPHA[replay] === undefined ? 0 : (priorityAlpha ?? ALPHA[replay])
}

/** Whether draws carry importance weights: whether the batch of an update has `weight`. */
export function isWeighted({ replay }: Pick<ReplayOptions, 'replay'>): boolean {
  return replay === 'prioritized' || replay === 'rank'
}

function drawOf(options: ReplayOptions): DrawConfig {
  const alpha = priorityAlphaOf(options)
  switch (options.replay) {
    case 'uniform':
    case 'pal':
      return { kind: 'uniform', replacement: options.withReplacement }
    case 'prioritized':
    case 'rank':
      return {
        kind: options.replay === 'rank' ? 'rank' : 'proportional',
        alpha,
        beta: options.priorityBeta,
        epsilon: options.priorityEpsilon,
        normalizeBy: options.priorityNormalize,
        newPriority: options.newPriority,
        stratified: options.stratified,
      }
    case 'lap':
      return { kind: 'lap', alpha, floor: options.lapFloor }
    case 'recency':
      return { kind: 'recency', eta: options.recencyEta, least: options.recencyLeast }
    case 'reverse':
      return { kind: 'reverse' }
  }
}

export function replayConfigOf(options: ReplayOptions): ReplayConfig {
  const { capacity, gamma, nSteps, withLatest, hindsight, hindsightPerReal } = options
  return {
    capacity,
    gamma,
    nSteps,
    draw: drawOf(options),
    withLatest,
    ...(hindsight === 'none' ? {} : { hindsight: { strategy: hindsight, perReal: hindsightPerReal } }),
  }
}

export function collectionOf(options: ReplayOptions): ReplayCollection {
  const { numEnvs, learningStarts, trainEvery, gradientSteps, gradientStepsLater, batchSize } = options
  const { settledEvery, settledGap } = options
  return {
    numEnvs,
    learningStarts,
    trainEvery,
    updates: gradientSteps === -1 ? trainEvery * numEnvs : gradientSteps,
    ...(gradientStepsLater === null ? {} : { updatesLater: gradientStepsLater, settledEvery, settledGap }),
    batchSize,
  }
}

/** What the checks below read beside the table: the networks whose units are counted. */
type CheckedOptions = ReplayOptions & { readonly activation: string; readonly hidden: readonly number[] }

/**
 * Legal but odd choices, each with its consequence.
 * @throws RepriseError RPR_OPTION_CONFLICT for options that contradict each other
 */
export function checkReplay(options: CheckedOptions): string[] {
  refuseContradictions(options)
  const { capacity, learningStarts, replay, recencyLeast, withLatest, numEnvs, batchSize } = options
  const warnings: string[] = []
  if (learningStarts > capacity)
    warnings.push(`learningStarts ${learningStarts} exceeds capacity ${capacity}: the oldest steps are gone by then.`)
  if (replay === 'recency' && recencyLeast >= capacity)
    warnings.push(
      `recencyLeast ${recencyLeast} is no smaller than capacity ${capacity}: draws are uniform over the whole replay.`,
    )
  if (capacity % numEnvs !== 0)
    warnings.push(
      `capacity ${capacity} is no multiple of numEnvs ${numEnvs}: the replay keeps ${numEnvs * Math.ceil(capacity / numEnvs)}, the same for each environment.`,
    )
  if (withLatest && numEnvs >= batchSize)
    warnings.push(
      `withLatest puts the newest transitions of ${numEnvs} environments into batches of ${batchSize}: nothing older is drawn.`,
    )
  return warnings
}

/** Said here, in the names of the options and before there is a run folder, rather than where the replay is made. */
function refuseContradictions(options: CheckedOptions): void {
  const { capacity, numEnvs, nSteps, replay, withLatest, withReplacement } = options
  const { batchSize, learningStarts, gradientStepsLater, activation, hidden } = options
  const perEnv = Math.ceil(capacity / numEnvs)
  if (nSteps > perEnv) {
    throw conflict(
      `Option 'nSteps' = ${nSteps} exceeds the ${perEnv} transitions that capacity ${capacity} keeps of each environment.`,
      nSteps,
      'Raise capacity, or lower nSteps.',
    )
  }
  if (replay === 'reverse' && withLatest) {
    throw conflict(
      "Option 'withLatest' = true would break the order of the episodes that 'replay' = 'reverse' draws.",
      true,
      'Leave out one of the two.',
    )
  }
  if (!withReplacement && (replay === 'uniform' || replay === 'pal')) {
    if (withLatest) {
      throw conflict(
        "Option 'withLatest' = true may draw a transition twice, which 'withReplacement' = false forbids.",
        true,
        'Leave out one of the two.',
      )
    }
    const stored = Math.min(capacity, learningStarts)
    if (batchSize > stored) {
      throw conflict(
        `Option 'withReplacement' = false needs ${batchSize} different transitions for the first batch, and there are at most ${stored} (learningStarts ${learningStarts}, capacity ${capacity}).`,
        batchSize,
        'Raise learningStarts, lower batchSize, or leave withReplacement out.',
      )
    }
  }
  if (gradientStepsLater === null) return
  if (activation !== 'relu' || hidden.length === 0) {
    throw conflict(
      `Option 'gradientStepsLater' waits for the fraction of active ReLU units, and there are none (activation ${activation}, hidden ${JSON.stringify(hidden)}).`,
      gradientStepsLater,
      "Use activation 'relu' and hidden layers, or leave 'gradientStepsLater' out.",
    )
  }
  const { updates } = collectionOf(options)
  if (gradientStepsLater < updates) {
    throw conflict(
      `Option 'gradientStepsLater' = ${gradientStepsLater} is less than the ${updates} updates per burst to begin with.`,
      gradientStepsLater,
      `Set it to at least ${updates}, or lower gradientSteps.`,
    )
  }
}

function conflict(message: string, value: unknown, hint: string): RepriseError {
  return new RepriseError('RPR_OPTION_CONFLICT', message, { value, hint })
}
