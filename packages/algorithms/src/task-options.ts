/**
 * Which tasks the groups play, and how many episodes each: options that the algorithms of groups share. What they say is
 * carried out by the loop that collects (packages/curriculum); no loss reads them.
 */
import { type OptionTable, type OptionValues, option } from '@reprise/core'

export const TASK_SELECTIONS = ['uniform', 'variance', 'difficulty'] as const
export const BUDGET_FOR = ['allFail', 'alike'] as const

/** What the options say to the loop. */
export interface TaskChoice {
  readonly selection: (typeof TASK_SELECTIONS)[number]
  /** `difficulty`: the success rate that is sought, and how far from it a task still counts. */
  readonly target: number
  readonly width: number
  /** Share of draws that is uniform. */
  readonly explore: number
  /** Factor on what is known of a task before each of its episodes. */
  readonly decay: number
  /** Rollouts per task of the policy that training starts from; null: no filter. */
  readonly filter: number | null
  /** Episodes per batch beyond the first ones of its groups. */
  readonly budget: number
  readonly budgetFor: (typeof BUDGET_FOR)[number]
  /** Episodes that a group is given at a time, and has at most. */
  readonly budgetStep: number
  readonly budgetMax: number
}

interface Values {
  readonly taskSelection: string
  readonly rolloutBudget: number
}

const unselective = ({ taskSelection }: Values) =>
  taskSelection === 'uniform' ? "taskSelection 'uniform' asks nothing of what is known of a task" : undefined
const withoutDifficulty = ({ taskSelection }: Values) =>
  taskSelection === 'difficulty' ? undefined : `taskSelection '${taskSelection}' seeks no success rate`
const withoutBudget = ({ rolloutBudget }: Values) => (rolloutBudget > 0 ? undefined : 'rolloutBudget is 0')

export const taskOptions = {
  taskSelection: option.choice({
    values: TASK_SELECTIONS,
    default: 'uniform',
    doc: 'Which of the fixed tasks are played. uniform: each once per round; variance: in proportion to the expected variance p (1 - p) of their outcome; difficulty: those whose expected success rate is nearest to difficultyTarget (DOTS).',
  }),
  difficultyTarget: option.number({
    default: 0.5,
    min: 0,
    max: 1,
    doc: 'The success rate that is sought.',
    inert: withoutDifficulty,
  }),
  difficultyWidth: option.number({
    default: 0.1,
    min: 1e-6,
    doc: 'Tasks weigh exp(-|rate - target| / this): small values take only the nearest (DOTS 0.001).',
    inert: withoutDifficulty,
  }),
  taskExplore: option.number({
    default: 0.1,
    min: 0,
    max: 1,
    doc: 'Share of the choice that is uniform, so that no task is forgotten.',
    inert: unselective,
  }),
  taskDecay: option.number({
    default: 0.95,
    min: 0,
    max: 1,
    above: true,
    doc: 'Factor on what is known of a task before each of its episodes: 1 forgets nothing, 0.95 remembers about the last 20.',
    inert: unselective,
  }),
  taskFilter: option.optionalInteger({
    default: null,
    min: 1,
    doc: 'Before training, the policy that it starts from plays every fixed task so many times; tasks that it never solved are left out (ARPO 16). None: no filter.',
  }),
  rolloutBudget: option.integer({
    default: 0,
    min: 0,
    doc: 'Further episodes per batch, for all groups together: those whose outcomes are all alike get more until they differ. 0: off.',
  }),
  rolloutBudgetFor: option.choice({
    values: BUDGET_FOR,
    default: 'allFail',
    doc: 'Groups that get more: those in which all failed, or also those in which all succeeded (alike).',
    inert: withoutBudget,
  }),
  rolloutStep: option.integer({
    default: 4,
    min: 1,
    doc: 'Episodes that such a group gets at a time.',
    inert: withoutBudget,
  }),
  maxGroupSize: option.optionalInteger({
    default: null,
    min: 2,
    doc: 'Episodes that a group has at most after that. None: four times groupSize.',
    inert: withoutBudget,
  }),
} satisfies OptionTable

export type TaskOptions = OptionValues<typeof taskOptions>

export function taskChoice(options: TaskOptions & { groupSize: number }): TaskChoice {
  return {
    selection: options.taskSelection,
    target: options.difficultyTarget,
    width: options.difficultyWidth,
    explore: options.taskExplore,
    decay: options.taskDecay,
    filter: options.taskFilter,
    budget: options.rolloutBudget,
    budgetFor: options.rolloutBudgetFor,
    budgetStep: options.rolloutStep,
    budgetMax: options.maxGroupSize ?? 4 * options.groupSize,
  }
}

/** Most episodes that the budget adds to a batch. */
export function budgetEpisodes({ rolloutBudget, maxBatches }: TaskOptions & { maxBatches: number }): number {
  return maxBatches * rolloutBudget
}
