/**
 * Agentic replay policy optimisation (Lu et al. 2025): GRPO, and a group in which everything failed gets a stored success of
 * the same task in place of one of its members. The other published rules of replay for groups (RePO, RLEP, LUFFY, ExGRPO,
 * DOTS + RR, EFRame, score heap) are settings of the same options. Top to bottom: options, what they mean to the replay
 * (packages/replay, groups), what they mean to the loss (grpo.ts), checks. Page: docs/arpo.md.
 */
import type { HostTree } from '@reprise/backend'
import { type OptionTable, type OptionValues, option, RepriseError } from '@reprise/core'
import {
  EPISODE_EVICTIONS,
  EPISODE_SAMPLINGS,
  type EpisodeReplayConfig,
  groupsOf,
  OLD_LOG_PROBS,
  REPLACE_INDICES,
  REPLAY_PLACES,
  REPLAY_TRIGGERS,
  REPLAY_USES,
} from '@reprise/replay'
import { type BuildContext, defineGroupAlgorithm, type EpisodeGroups } from './algorithm.ts'
import { EPISODE_SOURCES, expertEpisodesOption } from './episode-source.ts'
import { buildGrpo, checkGrpo, grpo, grpoOptions, judgeGrpo, prepareGrpo, type ReplayTerms } from './grpo.ts'
import { policyNetwork } from './policy-network.ts'
import { budgetEpisodes, taskChoice } from './task-options.ts'

// ------------------------------------------------------------------------------------------------- options

const REPLAY_LOSSES = ['surrogate', 'imitation'] as const

interface Values {
  readonly enabled: boolean
  readonly trigger: string
  readonly replayUse: string
  readonly replayPlace: string
  readonly extraEpisodes: number
  readonly verify: boolean
  readonly replayLoss: string
}

const off = ({ enabled, trigger }: Values) =>
  !enabled ? 'enabled is false: nothing is replayed' : trigger === 'never' ? "trigger is 'never'" : undefined
/** Also without replay there is a store: a later run can begin with it. */
const disabled = ({ enabled }: Values) => (enabled ? undefined : 'enabled is false: nothing is stored')
const unless = (why: string, holds: (values: Values) => boolean) => (values: Values) =>
  off(values) ?? (holds(values) ? undefined : why)
/** Imitated episodes are beside the batch, and neither a ratio nor an advantage is taken of them. */
const unlessImitated = (inert: (values: Values) => string | undefined) => (values: Values) =>
  inert(values) ?? (values.replayLoss === 'imitation' ? "replayLoss 'imitation' takes no part in a group" : undefined)
const inGroup = unless("only replayUse 'inGroup' puts episodes into groups", ({ replayUse }) => replayUse === 'inGroup')
const notExtra = unless(
  "replayUse 'extraUpdate' trains on everything stored",
  ({ replayUse }) => replayUse !== 'extraUpdate',
)

const replayOptions = {
  enabled: option.boolean({
    default: true,
    doc: 'Whether anything is replayed. False: GRPO, bit for bit.',
    aliases: ['enable_replay'],
  }),
  trigger: option.choice({
    values: REPLAY_TRIGGERS,
    default: 'allFail',
    doc: 'Which groups get replayed episodes. allFail: the deviation of their outcomes is below triggerStd and the mean below triggerMean; zeroVariance: the deviation is (whole groups: all rewards are equal).',
    inert: ({ enabled }: Values) => (enabled ? undefined : 'enabled is false: nothing is replayed'),
  }),
  triggerStd: option.number({
    default: 0.05,
    min: 0,
    above: true,
    doc: 'Bound on the population deviation of the outcomes of a group; below it counts.',
    inert: unless("trigger 'always' looks at no outcome", ({ trigger }) => trigger !== 'always'),
  }),
  triggerMean: option.number({
    default: 0.2,
    min: 0,
    above: true,
    doc: 'Bound on the mean outcome of a group; below it counts.',
    inert: unless("only trigger 'allFail' looks at the mean", ({ trigger }) => trigger === 'allFail'),
  }),
  maxReplayPerGroup: option.integer({
    default: 1,
    min: 1,
    doc: 'Stored episodes that a group gets at most (whole groups without replayShare: groups that a batch gets).',
    aliases: ['num_replays'],
    inert: notExtra,
  }),
  replaceIndex: option.choice({
    values: REPLACE_INDICES,
    default: 'first',
    doc: 'Which members of a group give way.',
    inert: unlessImitated(
      unless("replayPlace 'append' replaces no member", ({ replayPlace }) => replayPlace === 'replace'),
    ),
  }),
  sampling: option.choice({
    values: EPISODE_SAMPLINGS,
    default: 'uniform',
    doc: 'Which stored episodes: uniform (with replacement), random (without), recent, highestReward, maxVariance, lowestEntropy (under the policy of now), advantagePriority (in proportion to |advantage|; whole groups: to the score).',
    inert: notExtra,
  }),
  capacityPerTask: option.optionalInteger({
    default: 8,
    min: 1,
    doc: 'Episodes kept per task (whole groups: groups); the oldest gives way. None: no limit.',
    aliases: ['max_cache_size'],
    inert: disabled,
  }),
  replayCapacity: option.optionalInteger({
    default: null,
    min: 1,
    doc: 'Episodes kept in all (whole groups: groups). None: no limit.',
    aliases: ['replay_buffer_size'],
    inert: disabled,
  }),
  eviction: option.choice({
    values: EPISODE_EVICTIONS,
    default: 'fifo',
    doc: 'Which of too many whole groups gives way: the oldest, or the one of lowest score (sum of |advantage| x deviation of the rewards).',
    inert: (values: Values) =>
      disabled(values) ??
      (values.replayUse === 'wholeGroups' ? undefined : "only replayUse 'wholeGroups' scores what it keeps"),
  }),
  insertThreshold: option.optionalNumber({
    default: 0.1,
    min: 0,
    max: 1,
    doc: 'Episodes are stored whose outcome is greater. None: whatever their outcome.',
    inert: disabled,
  }),
  insertMinAdvantage: option.optionalNumber({
    default: null,
    min: 0,
    doc: 'Episodes are stored whose |advantage| is greater (whole groups: the largest of the group). None: all.',
    inert: disabled,
  }),
  insertFresh: option.boolean({
    default: true,
    doc: 'Whether what is played is stored. False: only the demonstrations are replayed.',
    inert: disabled,
  }),
  uniqueActions: option.boolean({
    default: false,
    doc: 'Episodes whose actions equal those of one stored for the task are not stored.',
    inert: (values: Values) =>
      disabled(values) ?? (values.replayUse === 'wholeGroups' ? 'whole groups are stored as they are' : undefined),
  }),
  minStored: option.integer({
    default: 1,
    min: 1,
    doc: 'Episodes that a task must have stored before one is replayed.',
    aliases: ['min_cache_to_replay'],
    inert: inGroup,
  }),
  oldLogProb: option.choice({
    values: OLD_LOG_PROBS,
    default: 'recompute',
    doc: 'What ratios start from. recompute: the policy of now, for all steps; for replayed steps, fresh ones keep theirs: stored: the policy that acted; decoupled: both, the correction exact and the clip range around the policy of now; one: probability 1.',
    inert: (values: Values & { oldLogProb: string }) =>
      ['recompute', 'stored'].includes(values.oldLogProb) ? undefined : unlessImitated(off)(values),
  }),
  maxAge: option.optionalInteger({
    default: null,
    min: 1,
    doc: 'Batches after which an episode is not replayed. None: no limit.',
    inert: off,
  }),
  maxPolicyLag: option.optionalInteger({
    default: null,
    min: 1,
    doc: 'Updates of the policy after which an episode is not replayed. None: no limit.',
    inert: off,
  }),
  demonstrations: option.string({
    default: 'none',
    doc: `Episodes that the store begins with: ${EPISODE_SOURCES}.`,
    inert: disabled,
  }),
  expertEpisodes: expertEpisodesOption('demonstrations', disabled),
  verify: option.boolean({
    default: false,
    doc: 'Each episode is played again from its seed and actions before it is replayed, and dropped where its outcome differs.',
    inert: inGroup,
  }),
  saveReplay: option.boolean({
    default: true,
    doc: 'Checkpoints hold the stored episodes. False: a resumed run begins with an empty store.',
    inert: disabled,
  }),
  replayUse: option.choice({
    values: REPLAY_USES,
    default: 'inGroup',
    doc: 'Stored episodes join groups of their task; or whole stored groups join the batch; or everything stored makes an update of its own.',
    inert: disabled,
  }),
  replayPlace: option.choice({
    values: REPLAY_PLACES,
    default: 'replace',
    doc: 'In place of fresh members (whole groups: of groups whose rewards are all equal), or beside them.',
    inert: unlessImitated(notExtra),
  }),
  replayAdvantages: option.choice({
    values: ['mixed', 'split', 'frozen'],
    default: 'mixed',
    doc: 'Advantages over fresh and replayed members together, over each kind by itself (split), or as when stored (frozen).',
    inert: unlessImitated(notExtra),
  }),
  replayShare: option.optionalNumber({
    default: null,
    min: 0,
    max: 0.99,
    above: true,
    doc: 'Share of the groups that play tasks drawn from the store, which alone get replayed episodes; whole groups: that are stored ones. None: as the trigger says.',
    inert: notExtra,
  }),
  startAbove: option.optionalNumber({
    default: null,
    min: 0,
    max: 1,
    doc: 'Nothing is replayed before the share of successes in a batch has exceeded this. None: from the start.',
    inert: off,
  }),
  retireSolved: option.boolean({
    default: false,
    doc: 'A task all of whose group succeeded loses its stored episodes.',
    inert: inGroup,
  }),
  replayEvery: option.integer({
    default: 5,
    min: 1,
    doc: 'Batches between updates on everything stored.',
    inert: unless(
      "only replayUse 'extraUpdate' makes updates of its own",
      ({ replayUse }) => replayUse === 'extraUpdate',
    ),
  }),
  replayLoss: option.choice({
    values: REPLAY_LOSSES,
    default: 'surrogate',
    doc: 'What replayed steps lose. surrogate: as fresh ones, as members of a group; imitation: -log pi, of weight 1, beside groups that are left as they were played (a control: what imitating successes does without the group).',
    inert: off,
  }),
  shaping: option.optionalNumber({
    default: null,
    min: 0,
    above: true,
    doc: 'Replayed steps lose -A r / (r + this), unclipped, r their ratio (LUFFY, ExGRPO 0.1). None: what fresh ones lose.',
    inert: unlessImitated(off),
  }),
  replayWeight: option.optionalNumber({
    default: null,
    min: 0,
    doc: 'Weight of the mean loss of what is replayed, taken by itself and added to that of what is fresh. None: one mean over all.',
    inert: notExtra,
  }),
  klOnReplayed: option.boolean({
    default: true,
    doc: 'Whether the KL term in the loss counts for replayed steps.',
    inert: (values: Values & { klCoef: number; klPlace: string }) =>
      off(values) ?? (values.klCoef > 0 && values.klPlace === 'loss' ? undefined : 'there is no KL term in the loss'),
  }),
  extraEpisodes: option.integer({
    default: 0,
    min: 0,
    doc: 'Further episodes for each group without signal and success, played in a second round.',
    aliases: ['additional_n'],
    inert: disabled,
  }),
  extraTemperature: option.number({
    default: 1,
    min: 0,
    above: true,
    doc: 'Temperature of the policy in that round.',
    inert: (values: Values) => disabled(values) ?? (values.extraEpisodes > 0 ? undefined : 'extraEpisodes is 0'),
  }),
  minAdvantage: option.optionalNumber({
    default: null,
    min: 0,
    doc: 'Fresh episodes are trained on whose |advantage| is greater. None: all.',
    inert: disabled,
  }),
  minAdvantageExtra: option.optionalNumber({
    default: null,
    min: 0,
    doc: 'The same for episodes of the second round.',
    inert: (values: Values) => disabled(values) ?? (values.extraEpisodes > 0 ? undefined : 'extraEpisodes is 0'),
  }),
  dropTruncatedPositive: option.boolean({
    default: false,
    doc: 'Episodes that were cut off and have an advantage above 0 are not trained on.',
    inert: disabled,
  }),
} satisfies OptionTable

/** GRPO's options with the defaults of the released ARPO. */
export const arpoOptions = {
  ...grpoOptions,
  advantageEpsilon: { ...grpoOptions.advantageEpsilon, default: 1e-6 },
  clipHigh: { ...grpoOptions.clipHigh, default: 0.3 },
  dualClip: { ...grpoOptions.dualClip, default: 3 },
  ...replayOptions,
} satisfies OptionTable

export type ArpoOptions = OptionValues<typeof arpoOptions>

// ------------------------------------------------------------------------------------------------- replay

/** What the options say to the group assembler. */
function episodeReplay(options: ArpoOptions): EpisodeReplayConfig | undefined {
  if (!options.enabled) return undefined
  const imitates = options.replayLoss === 'imitation'
  return {
    use: options.replayUse,
    capacityPerTask: options.capacityPerTask,
    capacity: options.replayCapacity,
    eviction: options.eviction,
    insertFresh: options.insertFresh,
    insertThreshold: options.insertThreshold,
    insertMinAdvantage: options.insertMinAdvantage,
    uniqueActions: options.uniqueActions,
    trigger: options.trigger,
    stdBelow: options.triggerStd,
    meanBelow: options.triggerMean,
    maxReplayPerGroup: options.maxReplayPerGroup,
    minStored: options.minStored,
    place: imitates ? 'append' : options.replayPlace,
    replaceIndex: options.replaceIndex,
    sampling: options.sampling,
    oldLogProb: options.oldLogProb,
    advantages: imitates ? 'unit' : options.replayAdvantages,
    maxAge: options.maxAge,
    maxPolicyLag: options.maxPolicyLag,
    share: options.replayShare,
    startAbove: options.startAbove,
    retireSolved: options.retireSolved,
    every: options.replayEvery,
    verify: options.verify,
  }
}

/** Groups that are played: with whole stored groups as a share of the batch, the rest. */
function freshGroups({ enabled, groups, replayUse, replayShare }: ArpoOptions): number {
  if (!enabled || replayUse !== 'wholeGroups' || replayShare === null) return groups
  return Math.max(1, groups - Math.round(replayShare * groups))
}

/** Groups that taught nothing and hold no success play more episodes (EFRame). */
function secondRound(episodes: EpisodeGroups, options: ArpoOptions) {
  const { enabled, extraEpisodes, extraTemperature, insertThreshold } = options
  if (!enabled || extraEpisodes === 0) return undefined
  const { rewards } = judgeGrpo(episodes, options)
  const groups = groupsOf(episodes).flatMap(({ from, to }, g) => {
    const flat = rewards.subarray(from, to).every((reward) => reward === rewards[from])
    const scores = Number.isNaN(episodes.outcomes[from]!) ? rewards : episodes.outcomes
    const failed = scores.subarray(from, to).every((score) => score <= (insertThreshold ?? 0))
    return flat && failed ? [g] : []
  })
  return groups.length === 0 ? undefined : { groups, episodes: extraEpisodes, temperature: extraTemperature }
}

/** Logits over the temperature, or deviations times it: both are a scaling of parameters. */
function tempered(
  state: HostTree,
  temperature: number,
  context: Pick<BuildContext<ArpoOptions>, 'spaces' | 'options'>,
): HostTree {
  const { inputs, layout } = policyNetwork(context.spaces, context.options, 'none')
  const { params } = state
  const data = Float32Array.from(params!.data)
  for (const { name, offset, size } of layout.entries) {
    const logits = inputs.head.kind === 'categorical' && /(^|\/)out\/(weight|bias)$/.test(name)
    for (let i = offset; i < offset + size; i++) {
      if (logits) data[i]! /= temperature
      if (name === 'logStd') data[i]! += Math.log(temperature)
    }
  }
  return { ...state, params: { ...params!, data } }
}

// ------------------------------------------------------------------------------------------------- loss

function replayTerms(options: ArpoOptions): ReplayTerms | undefined {
  if (!options.enabled) return undefined
  const { groups, groupSize, maxReplayPerGroup, replayCapacity, replayUse, extraEpisodes } = options
  const more = replayUse === 'inGroup' ? maxReplayPerGroup : 0
  const largest = options.rolloutBudget > 0 ? taskChoice(options).budgetMax : groupSize
  const whole = replayUse === 'wholeGroups' ? Math.max(groups, maxReplayPerGroup) * (largest + extraEpisodes) : 0
  const batch = groups * (groupSize + extraEpisodes + more) + whole + budgetEpisodes(options)
  return {
    maxEpisodes: replayUse === 'extraUpdate' ? Math.max(batch, replayCapacity ?? batch) : batch,
    imitates: options.replayLoss === 'imitation',
    shaping: options.shaping,
    weight: options.replayWeight,
    klOnReplayed: options.klOnReplayed,
    minAdvantage: options.minAdvantage,
    minAdvantageExtra: options.minAdvantageExtra,
    dropTruncatedPositive: options.dropTruncatedPositive,
  }
}

// ------------------------------------------------------------------------------------------------- definition

function check(context: Omit<BuildContext<ArpoOptions>, 'rng'>): string[] {
  const { options } = context
  const warnings = checkGrpo(context)
  if (!options.enabled) return warnings
  const conflict = (message: string, hint: string) => new RepriseError('RPR_OPTION_CONFLICT', message, { hint })
  if (options.oldLogProb === 'one' && options.shaping === null) {
    throw conflict(
      "Option 'oldLogProb' = 'one' makes a ratio of every probability, far below the clip range.",
      'Set shaping, e.g. 0.1, or another oldLogProb.',
    )
  }
  if (options.shaping !== null && options.ratio === 'sequence')
    throw conflict("Option 'shaping' shapes ratios of steps, and 'ratio' is 'sequence'.", "Set ratio to 'step'.")
  if (options.replayLoss === 'imitation' && options.replayUse !== 'inGroup')
    throw conflict(
      `Option 'replayLoss' = 'imitation' is for single episodes beside their groups, and 'replayUse' is '${options.replayUse}'.`,
      "Set replayUse to 'inGroup', or replayLoss to 'surrogate'.",
    )
  if (options.replayLoss === 'imitation' && options.maxBatches > 1)
    throw conflict(
      `Option 'replayLoss' = 'imitation' leaves groups as they are, and dynamic sampling ('maxBatches' = ${options.maxBatches}) keeps only some.`,
      'Set maxBatches to 1.',
    )
  if (options.replayUse === 'extraUpdate' && options.replayCapacity === null) {
    throw conflict(
      "Option 'replayUse' = 'extraUpdate' trains on everything stored, and 'replayCapacity' sets no limit.",
      'Set replayCapacity, e.g. to twice groups x groupSize.',
    )
  }
  const { insertFresh, demonstrations, minStored, capacityPerTask, maxReplayPerGroup, groupSize, replayPlace } = options
  if (!insertFresh && demonstrations === 'none')
    throw conflict(
      "Option 'insertFresh' is false and there are no demonstrations: nothing is ever stored.",
      'Set one of them.',
    )
  if (capacityPerTask !== null && options.replayUse === 'inGroup' && minStored > capacityPerTask)
    throw conflict(
      `Option 'minStored' = ${minStored} is never reached: capacityPerTask is ${capacityPerTask}.`,
      'Lower it.',
    )
  if (options.replayUse === 'inGroup' && replayPlace === 'replace' && maxReplayPerGroup >= groupSize)
    throw conflict(
      `Option 'maxReplayPerGroup' = ${maxReplayPerGroup} leaves nothing fresh in a group of ${groupSize}.`,
      `Set at most ${groupSize - 1}.`,
    )
  if (!options.saveReplay)
    warnings.push('saveReplay is false: a resumed run begins with an empty store of episodes and goes on differently.')
  return warnings
}

export const arpo = defineGroupAlgorithm<typeof arpoOptions>({
  name: 'arpo',
  summary: 'GRPO with replay: a group in which everything failed gets a stored success of its task.',
  loop: 'group',
  options: arpoOptions,
  check,
  inert: grpo.inert!,
  build: (context) => buildGrpo(context, replayTerms(context.options)),
  collection: (options) => ({
    groups: freshGroups(options),
    groupSize: options.groupSize,
    maxBatches: options.maxBatches,
    batchGroups: options.groups,
  }),
  taskChoice,
  recomputes: grpo.recomputes!,
  informative: (episodes, options) => grpo.informative(episodes, options),
  describe: (episodes, options) => grpo.describe(episodes, options),
  episodeReplay,
  judge: judgeGrpo,
  demonstrations: ({ enabled, demonstrations, expertEpisodes }) =>
    !enabled || demonstrations === 'none'
      ? null
      : { option: 'demonstrations', from: demonstrations, count: expertEpisodes },
  savesEpisodes: ({ saveReplay }) => saveReplay,
  secondRound,
  tempered: (state, temperature, context) => tempered(state, temperature, context),
  prepare: (episodes, context) => prepareGrpo(episodes, context, replayTerms(context.options)),
  report: grpo.report,
})
