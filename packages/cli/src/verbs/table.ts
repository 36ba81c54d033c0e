/** Every verb of the command. Light: what a verb runs is loaded when it runs. */
import { existsSync } from 'node:fs'
import { BENCHMARKS } from '../benchmarks.ts'
import type { FlagSpec, VerbSpec } from '../verb.ts'

const SEEDS: FlagSpec = {
  kind: 'text',
  value: '<list>',
  doc: 'Train once per seed (1..5 or 1,2,3), side by side, and summarise; each seed has its own run folder',
}
const EXECUTOR: FlagSpec = {
  kind: 'text',
  value: '<name>',
  doc: "Where tensors run; 'list executors' shows the choices (default: auto)",
}
const DEVICE: FlagSpec = {
  kind: 'text',
  value: '<name>',
  doc: 'With an executor on TensorFlow: cpu, gpu or a GPU by number, gpu:1 (default: the first GPU, else the processor)',
}
const QUIET: FlagSpec = { kind: 'switch', doc: 'Print nothing but the result' }

const train: VerbSpec = {
  name: 'train',
  summary: 'Train an agent; the run folder holds everything about it',
  arguments: [],
  flags: {
    algo: { kind: 'text', value: '<name>', doc: "Algorithm; 'list algos' shows the choices (default: grpo)" },
    env: {
      kind: 'text',
      value: '<id|file>',
      doc: "Environment: an id ('list envs') or a file, ./my-env.ts or ./my-envs.ts#Maze",
    },
    steps: {
      kind: 'integer',
      value: '<n>',
      min: 1,
      doc: "Environment steps to train for (default: the preset's, or 100000)",
    },
    seed: { kind: 'integer', value: '<n>', doc: 'Seed of everything that is random in training (default: 1)' },
    seeds: SEEDS,
    jobs: {
      kind: 'integer',
      value: '<n>',
      min: 1,
      doc: 'With --seeds: how many train at a time (default: the number of cores)',
    },
    out: {
      kind: 'text',
      value: '<folder>',
      doc: 'Run folder; with --seeds the folder that holds them (default: a new one in runs/)',
    },
    preset: {
      kind: 'text',
      value: '<name>',
      doc: "Tuned options by name; 'list presets' shows them (default: the environment's own, if there is one)",
    },
    'no-preset': { kind: 'switch', doc: "Start from the algorithm's defaults" },
    config: {
      kind: 'text',
      value: '<file>',
      doc: 'YAML file with options, or the config.yaml of a run; flags override it. Paths in it start from its folder',
    },
    'init-from': {
      kind: 'text',
      value: '<run>',
      doc: 'Begin with the parameters of another run of the same network',
    },
    set: {
      kind: 'pairs',
      value: 'learningRate=0.001',
      doc: 'Set an option; may be repeated. The options follow with --help --algo <name>',
    },
    'env-set': { kind: 'pairs', value: 'isSlippery=false', doc: 'Set an option of the environment; may be repeated' },
    executor: EXECUTOR,
    device: DEVICE,
    quiet: QUIET,
  },
  conflicts: [
    ['seed', 'seeds'],
    ['preset', 'no-preset'],
  ],
  examples: [
    ['--algo ppo --env CartPole-v1', 'with the preset for CartPole'],
    ['--algo ppo --env Acrobot-v1 --seed 3 --steps 500000 --out runs/acrobot-3', ''],
    ['--algo ppo --env CartPole-v1 --set learningRate=0.001 --set numEnvs=8', 'any option by name'],
    ['--algo grpo --env ./my-env.ts', 'your own environment, from a file'],
    ['--env FrozenLake-v1 --env-set isSlippery=false --seeds 1..5', 'five seeds over the cores, one summary'],
  ],
  load: async () => (await import('./train.ts')).run,
  more: async (args) => (await import('./train-help.ts')).optionHelp(args),
}

const resume: VerbSpec = {
  name: 'resume',
  summary: 'Continue a run from its last checkpoint, as if it had never stopped',
  arguments: [{ name: 'run', doc: 'a run folder' }],
  flags: {
    steps: { kind: 'integer', value: '<n>', min: 1, doc: 'Train to this many steps in all: extends a finished run' },
    env: { kind: 'text', value: '<id|file>', doc: 'The environment, where its file has moved' },
    executor: {
      ...EXECUTOR,
      doc: 'Another executor than the run began on; results are then no longer equal bit for bit',
    },
    device: DEVICE,
    quiet: QUIET,
  },
  examples: [
    ['runs/acrobot-3', ''],
    ['runs/acrobot-3 --steps 1000000', 'a finished run, extended'],
  ],
  load: async () => (await import('./resume.ts')).run,
}

const evaluate: VerbSpec = {
  name: 'eval',
  summary: 'Play greedy episodes with the policy of a run and report the returns',
  arguments: [{ name: 'run', doc: 'a run folder' }],
  flags: {
    episodes: {
      kind: 'integer',
      value: '<n>',
      min: 1,
      doc: 'How many episodes (default: as many as the score of the run is the mean of); with --tasks: of each (default: 1)',
    },
    checkpoint: { kind: 'text', value: '<which>', doc: 'last, best (by evaluation) or a step (default: last)' },
    seed: { kind: 'integer', value: '<n>', doc: 'Seed of the episodes (default: those of the score of the run)' },
    tasks: {
      kind: 'text',
      value: '<file>',
      doc: 'A task file, a list of {seed, options}: every task is played, and reported by itself',
    },
    sample: {
      kind: 'switch',
      doc: 'With --tasks: draw actions from the policy, as in training, instead of the greedy ones',
    },
    env: { kind: 'text', value: '<id|file>', doc: 'The environment, where its file has moved' },
    executor: {
      ...EXECUTOR,
      doc: "Where tensors run; 'list executors' shows the choices (default: where the run did)",
    },
    device: DEVICE,
  },
  examples: [
    ['runs/acrobot-3 --episodes 100 --checkpoint best', ''],
    ['runs/base --tasks tasks.yaml --sample --episodes 16', 'the success rate of each task'],
  ],
  load: async () => (await import('./eval.ts')).run,
}

const newEnv: VerbSpec = {
  name: 'new-env',
  summary: 'Write a small commented environment to start your own from',
  arguments: [{ name: 'file', doc: 'the file to write: my-env.ts or my-env.js' }],
  flags: {},
  examples: [['my-env.ts', 'then: check-env my-env.ts, train --env ./my-env.ts']],
  load: async () => (await import('./new-env.ts')).run,
}

const checkEnv: VerbSpec = {
  name: 'check-env',
  summary: 'Test an environment against the contract and print what is wrong with it',
  arguments: [{ name: 'env', doc: 'a file, ./my-env.ts or ./my-envs.ts#Maze, or an id' }],
  flags: {
    'env-set': { kind: 'pairs', value: 'isSlippery=false', doc: 'Set an option of the environment; may be repeated' },
  },
  examples: [
    ['my-env.ts', ''],
    ['CartPole-v1', ''],
  ],
  load: async () => (await import('./check-env.ts')).run,
}

const list: VerbSpec = {
  name: 'list',
  summary: 'List what there is: envs, algos, presets or executors',
  arguments: [{ name: 'what', doc: 'one of envs, algos, presets, executors' }],
  flags: {},
  examples: [
    ['envs', ''],
    ['presets', ''],
  ],
  load: async () => (await import('./list.ts')).run,
}

const doctor: VerbSpec = {
  name: 'doctor',
  summary: 'Look at this machine: versions, executors, what is missing by name',
  arguments: [],
  flags: { out: { kind: 'text', value: '<folder>', doc: 'The folder that runs would be written to (default: runs)' } },
  examples: [['', '']],
  load: async () => (await import('./doctor.ts')).run,
}

const setup: VerbSpec = {
  name: 'setup',
  summary: 'Install what is optional: tensorflow, for the executors tensorflow and eager:tensorflow',
  arguments: [{ name: 'what', doc: 'what to install: tensorflow' }],
  flags: {
    cuda: { kind: 'switch', doc: "The build for NVIDIA GPUs, with CUDA's libraries" },
    'dry-run': { kind: 'switch', doc: 'Only say what would be done, where, and how large it is' },
    remove: { kind: 'switch', doc: 'Remove what setup installed; with --cuda only the CUDA build' },
    force: { kind: 'switch', doc: 'Install although a TensorFlow is there' },
  },
  conflicts: [['remove', 'force']],
  examples: [
    ['tensorflow', 'finds one, or downloads the libraries into the cache folder with pip'],
    ['tensorflow --cuda --dry-run', ''],
    ['tensorflow --remove', ''],
  ],
  load: async () => (await import('./setup.ts')).run,
}

const plot: VerbSpec = {
  name: 'plot',
  summary: 'Draw learning curves of runs as SVG; runs that differ only by seed are one line with a band',
  arguments: [{ name: 'run', doc: 'run folders, or folders that hold runs', many: true }],
  flags: {
    metric: {
      kind: 'text',
      value: '<key>',
      doc: 'eval/mean_reward, or any key of metrics.jsonl (default: eval/mean_reward)',
    },
    out: { kind: 'text', value: '<file.svg>', doc: 'The file to write (default: curve.svg in the first folder)' },
    title: { kind: 'text', value: '<text>', doc: 'Title (default: what the runs are)' },
  },
  examples: [
    ['runs/acrobot-3', ''],
    ['runs/a runs/b --metric rollout/ep_rew_mean --out compare.svg', ''],
  ],
  load: async () => (await import('./plot.ts')).run,
}

const RUNS: FlagSpec = {
  kind: 'text',
  value: '<folder>',
  doc: 'The folder that holds the runs of experiments (default: runs/experiments)',
}

const ablate: VerbSpec = {
  name: 'ablate',
  summary: 'Run an experiment: every arm with every seed, resumable, then its report',
  arguments: [{ name: 'experiment', doc: 'a folder that holds an experiment.yaml, or its name in experiments/' }],
  flags: {
    quick: {
      kind: 'switch',
      doc: "The file's 'quick:' form: small, to see that everything works; its report lies beside its runs",
    },
    jobs: { kind: 'integer', value: '<n>', min: 1, doc: 'Runs at a time (default: the number of cores)' },
    only: { kind: 'list', value: '<arm>', doc: 'Run this arm only; may be repeated' },
    'report-only': { kind: 'switch', doc: 'Run nothing; write the report of the runs that are there' },
    runs: RUNS,
  },
  conflicts: [
    ['report-only', 'jobs'],
    ['report-only', 'only'],
  ],
  examples: [
    ['experiments/baselines', 'Ctrl-C saves and stops; the same command continues'],
    ['baselines --only ppo-pendulum --jobs 1', ''],
    ['baselines --quick', ''],
  ],
  load: async () => (await import('./ablate.ts')).run,
}

const report: VerbSpec = {
  name: 'report',
  summary: 'Write a report of runs: scores with intervals, comparisons, curves, as HTML, Markdown and SVG',
  arguments: [
    { name: 'what', doc: 'an experiment (folder or name), or run folders and folders that hold runs', many: true },
  ],
  flags: {
    out: {
      kind: 'text',
      value: '<folder>',
      doc: "Where the report goes (default: the experiment's results, or report in the first run folder)",
    },
    control: { kind: 'text', value: '<arm>', doc: 'Of run folders: the arm that the others are compared with' },
    title: { kind: 'text', value: '<text>', doc: 'Of run folders: the title' },
    quick: { kind: 'switch', doc: 'Of an experiment: the runs of its quick form' },
    runs: RUNS,
  },
  examples: [
    ['experiments/baselines', ''],
    ['runs/ppo-seeds runs/grpo-seeds --control ppo --out compare', ''],
  ],
  load: async () => (await import('./report.ts')).run,
}

const runStudy: VerbSpec = {
  name: 'run-study',
  summary: "One job of an experiment that is no training run; 'ablate' starts it",
  arguments: [{ name: 'folder', doc: 'the folder of a job' }],
  flags: {},
  examples: [['runs/experiments/blind-cliffwalk/uniform/seed-1', '']],
  hidden: true,
  load: async () => (await import('./run-study.ts')).run,
}

const bench: VerbSpec = {
  name: 'bench',
  summary: "Measure speed on this machine; 'bench --help' says what",
  arguments: [],
  flags: {},
  passesOn: true,
  examples: [['env', '']],
  load: async () => (await import('./bench.ts')).run,
}

/** Benchmarks are part of the repository, not of the published command. */
export const verbs: readonly VerbSpec[] = [
  train,
  resume,
  evaluate,
  plot,
  ablate,
  report,
  newEnv,
  checkEnv,
  list,
  doctor,
  setup,
  ...(existsSync(BENCHMARKS) ? [bench] : []),
  runStudy,
]
