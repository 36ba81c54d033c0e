/** What an experiment that is no training run implements: the `run: ./run.ts` of its experiment.yaml. */

/** Given to a study once per arm and seed, in a process of its own. */
export interface StudyJob {
  /** The arm's name in experiment.yaml. */
  readonly arm: string
  /** Every arm gets the same seeds: what is drawn from it alone (data, initial values) is the same in every arm. */
  readonly seed: number
  /** This job's folder: it exists, and whatever is written here stays beside result.json. */
  readonly out: string
  /** The arm's options: `set` of the arm over `set` of the defaults. */
  readonly set: Readonly<Record<string, unknown>>
  /** True under --quick: the same study, but small enough that the whole experiment ends within 3 minutes. */
  readonly quick: boolean
}

export interface StudyCurve {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** What a study measured. Every number is finite. */
export interface StudyResult {
  /** Named `group/name` or `name`; the first one, or the file's `metric`, is what arms are compared by. */
  readonly metrics: Readonly<Record<string, number>>
  /** Named curves; each becomes a figure that shows every arm. */
  readonly curves?: Readonly<Record<string, StudyCurve>>
  /** Axes of the curves. */
  readonly xLabel?: string
  readonly yLabel?: string
  /** Draws the curves' y axis logarithmically. Every y is then > 0. */
  readonly logY?: boolean
}

/** The export named `run` of a study file. */
export type Study = (job: StudyJob) => StudyResult | Promise<StudyResult>
