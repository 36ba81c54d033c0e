/** From finished jobs to the numbers that are published: one summary, complete enough to draw every table and figure. */
import { existsSync, readFileSync } from 'node:fs'
import type { Band, Curve } from '@reprise/stats'
import { type Comparison, compareArms, type Overall, overallOf } from './compare.ts'
import type { Arm, Experiment, Reading, Reference } from './experiment.ts'
import { type Job, jobState, jobsOf, lastWords } from './jobs.ts'
import { summariseArm } from './summarise-arm.ts'

export interface SeedSummary {
  readonly seed: number
  /** What arms are compared by. */
  readonly score: number
  readonly wallSeconds: number
  /** Of training runs. */
  readonly stdReward?: number
  readonly episodes?: number
  /** Episodes whose environment threw: they are not in the score. */
  readonly failedEpisodes?: number
  readonly steps?: number
  readonly updates?: number
  readonly stepsPerSecond?: number
  readonly executor?: string
  readonly parameterHash?: string
  /** Of studies. */
  readonly metrics?: Readonly<Record<string, number>>
}

/** A seed that the experiment asks for and that has no result. */
export interface MissingSeed {
  readonly seed: number
  readonly state: 'begun' | 'absent'
  /** The error it ended with, where its log has one. */
  readonly reason: string | null
}

export interface NamedCurve {
  readonly name: string
  readonly xLabel: string
  readonly yLabel: string
  readonly logY: boolean
  /** The IQM over the seeds with its interval, and each seed's. */
  readonly band: Band
  readonly runs: readonly Curve[]
}

export interface ArmSummary
  extends Pick<Arm, 'name' | 'label' | 'task' | 'method' | 'line' | 'panel' | 'x' | 'isNull'> {
  readonly settings: ArmSettings
  readonly bar: number | null
  readonly references: readonly Reference[]
  /** How many seeds the experiment asks for. */
  readonly wanted: number
  readonly seeds: readonly SeedSummary[]
  readonly missing: readonly MissingSeed[]
  /** Null where no seed has finished. */
  readonly iqm: number | null
  readonly interval: readonly [number, number] | null
  readonly mean: number | null
  readonly median: number | null
  /** The worst seed. */
  readonly worst: number | null
  /** Null without a bar, and while seeds are missing. */
  readonly met: boolean | null
  /** `eval` (over environment steps), `eval by updates` (over gradient updates), or those of the study. */
  readonly curves: readonly NamedCurve[]
  /** What ran where: each distinct machine, Node version and commit. */
  readonly provenance: readonly string[]
}

export interface ArmSettings {
  readonly algo?: string
  readonly env?: string
  readonly steps?: number
  readonly preset?: string | false | null
  readonly set: Readonly<Record<string, unknown>>
  readonly envOptions?: Readonly<Record<string, unknown>>
}

export interface ExperimentSummary {
  readonly name: string
  readonly claim: string
  readonly command: string
  readonly quick: boolean
  readonly isStudy: boolean
  readonly reading: Reading
  /** The metric that `score` is. */
  readonly metric: string
  readonly arms: readonly ArmSummary[]
  /** Every arm against the control of its task, where there is a control. */
  readonly comparisons: readonly Comparison[]
  /** Methods over all tasks, where there are several. */
  readonly overall: Overall | null
}

export interface SummariseOptions {
  readonly quick?: boolean
  /** An arm that is complete here with the same settings stays as it is while its runs are fewer. */
  readonly recorded?: ExperimentSummary
}

/** Reads what the runs folder holds. @throws RepriseError RPR_EXPERIMENT_INVALID, RPR_RUN_INVALID */
export function summarise(
  experiment: Experiment,
  runsFolder: string,
  command: string,
  { quick = false, recorded }: SummariseOptions = {},
): ExperimentSummary {
  const jobs = jobsOf(experiment, runsFolder, quick)
  const metric = metricOf(experiment, jobs, recorded)
  const arms = experiment.arms.map((arm) => {
    const fresh = summariseArm(
      arm,
      jobs.filter((job) => job.arm === arm),
      metric,
      experiment.reading,
    )
    // Scores of another metric are not comparable with these.
    const before = recorded?.metric === metric ? recorded : undefined
    return kept(arm, fresh, experiment.reading, before) ?? fresh
  })
  return concluded({
    name: experiment.name,
    claim: experiment.claim,
    command,
    quick,
    isStudy: experiment.study !== null,
    reading: experiment.reading,
    metric,
    arms,
  })
}

/** Adds what follows from the arms: comparisons and aggregates over tasks. */
export function concluded(summary: Omit<ExperimentSummary, 'comparisons' | 'overall'>): ExperimentSummary {
  const { arms, reading } = summary
  return { ...summary, comparisons: compareArms(arms, reading), overall: overallOf(arms, reading) }
}

export function readSummary(path: string): ExperimentSummary | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ExperimentSummary) : undefined
}

/** `score` or `successRate` of training runs; a study's first metric where its file names none: as recorded without runs. */
function metricOf(
  { reading, study }: Experiment,
  jobs: readonly Job[],
  recorded: ExperimentSummary | undefined,
): string {
  if (reading.metric !== null) return reading.metric
  if (study === null) return 'score'
  for (const job of jobs) {
    const state = jobState(job)
    if ('record' in state) return Object.keys(state.record.result.metrics)[0]!
  }
  return recorded?.metric ?? 'score'
}

function kept(
  arm: Arm,
  fresh: ArmSummary,
  { better }: Reading,
  recorded: ExperimentSummary | undefined,
): ArmSummary | undefined {
  const before = recorded?.arms.find(({ name }) => name === arm.name)
  if (!before || JSON.stringify(before.settings) !== JSON.stringify(fresh.settings)) return undefined
  // Results of earlier versions lack what the report is made of.
  if (before.curves === undefined || before.seeds.length <= fresh.seeds.length) return undefined
  const finished = new Set(before.seeds.map(({ seed }) => seed))
  // How it is shown, bars and references are the file's, whenever the runs were made.
  return {
    ...fresh,
    ...before,
    ...pick(fresh, ['label', 'task', 'method', 'line', 'panel', 'x', 'isNull', 'bar', 'references', 'wanted']),
    missing: fresh.missing.filter(({ seed }) => !finished.has(seed)),
    met: isMet(arm.bar, before.iqm, before.seeds.length, fresh.wanted, better),
  }
}

export function isMet(
  bar: number | null,
  iqm: number | null,
  seeds: number,
  wanted: number,
  better: 'higher' | 'lower',
): boolean | null {
  if (bar === null || iqm === null || seeds < wanted) return null
  return better === 'higher' ? iqm >= bar : iqm <= bar
}

function pick<T, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>
}

export function missingSeed(job: Job, state: 'begun' | 'absent'): MissingSeed {
  return { seed: job.seed, state, reason: lastWords(job) ?? null }
}
