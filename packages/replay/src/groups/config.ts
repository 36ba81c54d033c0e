/** What a replay of episodes is: plain data, which every published rule of group replay is a setting of. */
import { checkOption } from '../select/state.ts'

export const REPLAY_USES = ['inGroup', 'wholeGroups', 'extraUpdate'] as const
export const REPLAY_TRIGGERS = ['allFail', 'zeroVariance', 'always', 'never'] as const
export const REPLAY_PLACES = ['replace', 'append'] as const
export const REPLACE_INDICES = ['first', 'last', 'random'] as const
export const EPISODE_SAMPLINGS = [
  'uniform',
  'random',
  'recent',
  'highestReward',
  'maxVariance',
  'lowestEntropy',
  'advantagePriority',
] as const
export const OLD_LOG_PROBS = ['recompute', 'stored', 'decoupled', 'one'] as const
export const REPLAY_ADVANTAGES = ['mixed', 'split', 'frozen', 'unit'] as const
export const EPISODE_EVICTIONS = ['fifo', 'lowestScore'] as const

export interface EpisodeReplayConfig {
  /**
   * - `inGroup`: stored episodes of a task join the fresh group of the same task (ARPO, RePO, RLEP, LUFFY, ExGRPO)
   * - `wholeGroups`: stored groups join the batch, or take the place of groups that teach nothing (DOTS + RR, score heap)
   * - `extraUpdate`: everything stored is trained on once every `every` iterations, apart from the batch (EFRame)
   */
  readonly use: (typeof REPLAY_USES)[number]
  /** Episodes kept per task (whole groups: groups). null: no limit. */
  readonly capacityPerTask: number | null
  /** Episodes kept in all (whole groups: groups). null: no limit. */
  readonly capacity: number | null
  /** Only of whole groups: which is given up. `lowestScore`: sum of |advantage| x deviation of the rewards. */
  readonly eviction: (typeof EPISODE_EVICTIONS)[number]
  /** False: only what was seeded is replayed. */
  readonly insertFresh: boolean
  /** Episodes are stored whose outcome is greater than this. null: whatever the outcome. */
  readonly insertThreshold: number | null
  /** Episodes are stored whose |advantage| is greater than this (whole groups: the largest of the group). null: all. */
  readonly insertMinAdvantage: number | null
  /** Whether an episode with the same actions as one stored for its task is left out. */
  readonly uniqueActions: boolean
  /** Which groups get replayed episodes. `allFail`: deviation of the outcomes < stdBelow and mean < meanBelow. */
  readonly trigger: (typeof REPLAY_TRIGGERS)[number]
  /** Bound on the population deviation of a group's outcomes. */
  readonly stdBelow: number
  /** Bound on the mean of a group's outcomes. */
  readonly meanBelow: number
  readonly maxReplayPerGroup: number
  /** Episodes that a task must have stored before any is replayed. */
  readonly minStored: number
  readonly place: (typeof REPLAY_PLACES)[number]
  readonly replaceIndex: (typeof REPLACE_INDICES)[number]
  readonly sampling: (typeof EPISODE_SAMPLINGS)[number]
  /** The log-probs that ratios start from: of the policy now (every row), of the one that acted, both (decoupled), or 0. */
  readonly oldLogProb: (typeof OLD_LOG_PROBS)[number]
  /**
   * Over fresh and replayed members together, over each kind by itself, or as they were when stored. `unit`: 1, in a
   * group apart, so that the fresh group is judged as it was played.
   */
  readonly advantages: (typeof REPLAY_ADVANTAGES)[number]
  /** Iterations after which an episode is not replayed. null: no limit. */
  readonly maxAge: number | null
  /** Updates of the policy after which an episode is not replayed. null: no limit. */
  readonly maxPolicyLag: number | null
  /**
   * inGroup: this share of the groups plays tasks drawn from the store, and only they get replayed episodes (ExGRPO).
   * wholeGroups: this share of the batch is stored groups. null: as the trigger says.
   */
  readonly share: number | null
  /** No replay before the share of successes in a batch has exceeded this once. null: from the start. */
  readonly startAbove: number | null
  /** Whether a task whose whole group succeeded loses its stored episodes and is no longer drawn. */
  readonly retireSolved: boolean
  /** extraUpdate: iterations between updates. */
  readonly every: number
  /** Whether each episode is played again from its seed and actions before it is replayed, and dropped where it differs. */
  readonly verify: boolean
}

/** What ARPO does (specification of the released code). */
export const ARPO_REPLAY: EpisodeReplayConfig = {
  use: 'inGroup',
  capacityPerTask: 8,
  capacity: null,
  eviction: 'fifo',
  insertFresh: true,
  insertThreshold: 0.1,
  insertMinAdvantage: null,
  uniqueActions: false,
  trigger: 'allFail',
  stdBelow: 0.05,
  meanBelow: 0.2,
  maxReplayPerGroup: 1,
  minStored: 1,
  place: 'replace',
  replaceIndex: 'first',
  sampling: 'uniform',
  oldLogProb: 'recompute',
  advantages: 'mixed',
  maxAge: null,
  maxPolicyLag: null,
  share: null,
  startAbove: null,
  retireSolved: false,
  every: 5,
  verify: false,
}

/** @throws RepriseError RPR_OPTION_RANGE */
export function checkEpisodeReplay(config: EpisodeReplayConfig): void {
  const oneOf = (name: keyof EpisodeReplayConfig, values: readonly string[]) =>
    checkOption(name, config[name], values.includes(config[name] as string), `one of ${values.join(', ')}`)
  const count = (name: keyof EpisodeReplayConfig, optional = false) => {
    const value = config[name] as number | null
    const legal = value === null ? optional : Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31
    checkOption(name, value, legal, `an integer >= 1${optional ? ', or none' : ''}`)
  }
  oneOf('use', REPLAY_USES)
  oneOf('eviction', EPISODE_EVICTIONS)
  oneOf('trigger', REPLAY_TRIGGERS)
  oneOf('place', REPLAY_PLACES)
  oneOf('replaceIndex', REPLACE_INDICES)
  oneOf('sampling', EPISODE_SAMPLINGS)
  oneOf('oldLogProb', OLD_LOG_PROBS)
  oneOf('advantages', REPLAY_ADVANTAGES)
  count('maxReplayPerGroup')
  count('minStored')
  count('every')
  for (const name of ['capacityPerTask', 'capacity', 'maxAge', 'maxPolicyLag'] as const) count(name, true)
  const { share } = config
  checkOption('share', share, share === null || (share > 0 && share < 1), 'a number in (0, 1), or none')
}

/** Whether success must be known: where an environment reports none, it must be said what it is. */
export function needsOutcome(config: EpisodeReplayConfig): boolean {
  const { use, trigger, insertThreshold, startAbove, retireSolved, share } = config
  const detects = trigger === 'allFail' || (trigger === 'zeroVariance' && use === 'inGroup')
  return (
    detects || insertThreshold !== null || startAbove !== null || retireSolved || (use === 'inGroup' && share !== null)
  )
}

/** Whether an episode is only replayed where its task is played again. */
export function replaysTasks({ use, trigger, share }: EpisodeReplayConfig): boolean {
  return use === 'inGroup' && trigger !== 'never' && share === null
}
