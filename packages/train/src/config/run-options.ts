import { type OptionSpec, option } from '@reprise/core'

/** Options of every run, whatever the algorithm. Names are those of `--set`, of presets and of config files. */
export const runOptions = {
  steps: option.integer({
    default: 100_000,
    min: 1,
    doc: 'Environment steps to train for; a run ends with the first iteration that reaches it',
    aliases: ['n_timesteps', 'total_timesteps', 'totalTimesteps'],
  }),
  seed: option.integer({ default: 1, min: 0, max: 2 ** 32 - 1, doc: 'Seed of everything that is random in training' }),
  evalEvery: option.integer({
    default: 10_000,
    min: 0,
    doc: 'Steps between evaluations on a separate environment; 0: only the final one',
    aliases: ['eval_freq'],
  }),
  evalEpisodes: option.integer({
    default: 10,
    min: 1,
    doc: 'Episodes per evaluation during training, greedy, on fixed seeds',
    aliases: ['eval_episodes', 'n_eval_episodes'],
    inert: (o) => (o.evalEvery === 0 ? 'evalEvery is 0, so nothing is evaluated during training' : undefined),
  }),
  finalEpisodes: option.integer({
    default: 100,
    min: 1,
    doc: 'Greedy episodes of the final evaluation, on held-out seeds: their mean is the score of the run',
  }),
  evalSeed: option.integer({
    default: 0,
    min: 0,
    max: 2 ** 32 - 1,
    doc: 'Seed of the evaluation and held-out episodes: the same for every run, so that runs compare',
  }),
  checkpointEvery: option.integer({
    default: 10_000,
    min: 0,
    doc: 'Steps between checkpoints; 0: only at the end and on Ctrl-C',
    aliases: ['save_freq'],
  }),
  keepCheckpoints: option.integer({
    default: 3,
    min: 1,
    doc: 'How many of the newest checkpoints stay, beside the best',
  }),
  logEvery: option.integer({
    default: 0,
    min: 0,
    doc: 'Least number of steps between rows of metrics; 0: a row per iteration',
  }),
  normalizeObservation: option.boolean({
    default: false,
    doc: 'Scale observations by their running mean and standard deviation; frozen in evaluation, saved with the policy',
  }),
  normalizeReward: option.boolean({
    default: false,
    doc: 'Scale training rewards by the running standard deviation of the discounted return; scores stay raw',
  }),
  wrappers: option.names({
    default: [],
    values: ['flattenObservation', 'clipAction', 'rescaleAction'],
    doc: 'Wrappers around each single environment, inner first; a native batched environment is then stepped row by row',
  }),
  maxEpisodeSteps: option.optionalInteger({
    default: null,
    min: 1,
    doc: "Time limit per episode in place of the environment's own",
  }),
  tensorboard: option.boolean({ default: true, doc: 'Write TensorBoard event files into the run folder' }),
} as const

const text = option.string({
  default: 'fresh',
  doc: "Where a group's reset seed comes from: fresh (a new one each time), a number N (N fixed seeds in shuffled order), or a YAML file with a list of {seed, options}",
})
const tasksOption: OptionSpec<string> = {
  ...text,
  range: 'fresh, a number of tasks, or the path of a YAML file',
  // YAML gives a number as a number.
  read: (value) => text.read(typeof value === 'number' ? String(value) : value),
}

/** Options of algorithms that learn from groups of episodes. */
export const groupRunOptions = {
  tasks: tasksOption,
  outcomeFrom: option.string({
    default: 'none',
    doc: "What success is: none (what the environment reports), or return>x (1 where an episode's return is greater than x)",
  }),
  collectorThreads: option.integer({
    default: 1,
    min: 1,
    max: 256,
    doc: 'Threads that play episodes, the training one included; each has environments and a compiled policy of its own. A run repeats for a given number; another number draws other actions',
  }),
} as const
