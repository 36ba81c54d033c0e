/** An experiment as its file says it: what is run, with which seeds, and how the results are read. */

/** A figure that others published. Evaluations and training returns are different things and are marked as such. */
export interface Reference {
  readonly name: string
  readonly kind: 'evaluation' | 'training return'
  readonly score: number
  readonly std?: number
  readonly steps: number
  readonly source: string
}

/** A training run, or nothing of that kind where the experiment is a study. */
export interface TrainSettings {
  readonly algo: string
  readonly env: string
  readonly steps: number
  /** Null: the preset of this algorithm and environment; false: none. */
  readonly preset: string | false | null
  readonly envOptions: Readonly<Record<string, unknown>>
}

export interface Arm {
  /** Folder of its runs; unique. */
  readonly name: string
  /** What tables and figures call it. */
  readonly label: string
  /** Null in a study. */
  readonly train: TrainSettings | null
  /** Options of the algorithm and the run, or what the study gets. */
  readonly set: Readonly<Record<string, unknown>>
  /** Its own instead of the experiment's; null where they are the same. */
  readonly seeds: readonly number[] | null
  /** A control that holds everything but the ingredient under test: shown apart. */
  readonly isNull: boolean
  /** The IQM over the seeds that counts as success: the least, or the greatest where lower is better. */
  readonly bar: number | null
  readonly references: readonly Reference[]
  /** What it is measured on: arms are compared within a task. */
  readonly task: string
  /** What is compared: arms of the same method on several tasks are aggregated. */
  readonly method: string
  /** Where it stands on the figure's x axis, and which line it belongs to; null where there is no such figure. */
  readonly x: number | null
  readonly line: string
  /** Which of several figures with that axis. */
  readonly panel: string
}

export interface Reading {
  /** What arms are compared by: `score`, or a metric of the study; null: the study's first. */
  readonly metric: string | null
  readonly better: 'higher' | 'lower'
  /** The method or arm that all others of its task are compared with. */
  readonly control: string | null
  /** Scores that count as 0 and as 1, by task. Without them the least and the greatest score of the task. */
  readonly normalise: Readonly<Record<string, readonly [number, number]>>
  /** Name of the factor that is the x axis. */
  readonly xName: string | null
  readonly logX: boolean
  readonly logY: boolean
}

export interface Experiment {
  readonly name: string
  readonly claim: string
  readonly seeds: readonly number[]
  /** Absolute path of the study; null where arms are training runs. */
  readonly study: string | null
  readonly arms: readonly Arm[]
  readonly reading: Reading
  readonly quick: Quick
}

/** What `--quick` changes. */
export interface Quick {
  readonly steps: number | null
  readonly seeds: readonly number[]
  /** Names of arms or methods; all where it is empty. */
  readonly only: readonly string[]
  readonly set: Readonly<Record<string, unknown>>
  readonly arms: Readonly<Record<string, { readonly steps?: number; readonly set?: Readonly<Record<string, unknown>> }>>
}

/**
 * The same experiment made small: to see that everything works. Without `quick:` in its file, a twentieth of the steps
 * and two seeds. Bars say nothing then and are dropped.
 */
export function quickened(experiment: Experiment): Experiment {
  const { quick } = experiment
  const arms = experiment.arms
    .filter(({ name, method }) => quick.only.length === 0 || quick.only.includes(name) || quick.only.includes(method))
    .map((arm): Arm => {
      const own = quick.arms[arm.name] ?? quick.arms[arm.method] ?? {}
      const small = { ...arm, seeds: null, bar: null }
      const changes = { ...quick.set, ...own.set }
      if (!arm.train) return { ...small, set: { ...arm.set, ...changes } }
      const steps = own.steps ?? quick.steps ?? Math.max(2000, Math.round(arm.train.steps / 20))
      const evaluation = { evalEvery: Math.max(1, Math.round(steps / 4)), finalEpisodes: 10 }
      return { ...small, train: { ...arm.train, steps }, set: { ...arm.set, ...evaluation, ...changes } }
    })
  return { ...experiment, seeds: quick.seeds, arms }
}
