/** One arm from its jobs. */

import { RepriseError } from '@reprise/core'
import {
  aggregateCurves,
  type Curve,
  interpolate,
  interval,
  iqm,
  mean,
  type Run,
  runCurve,
  singleTask,
} from '@reprise/stats'
import { commonPoints } from './common-points.ts'
import type { Arm, Reading } from './experiment.ts'
import { type Job, jobState } from './jobs.ts'
import type { StudyRecord } from './study-folder.ts'
import {
  type ArmSettings,
  type ArmSummary,
  isMet,
  type MissingSeed,
  missingSeed,
  type NamedCurve,
  type SeedSummary,
} from './summary.ts'

/** Points of a curve that are kept: results stay small. */
const POINTS = 80

export function summariseArm(arm: Arm, jobs: readonly Job[], metric: string, reading: Reading): ArmSummary {
  const states = jobs.map((job) => ({ job, state: jobState(job) }))
  const runs = states.flatMap(({ state }) => ('run' in state ? [state.run] : []))
  const returned = states.flatMap(({ state }) => ('record' in state ? [state.record] : []))
  // Such a study says by leaving the metric out that this seed did not get there.
  const records = returned.filter(({ result }) => result.metrics[metric] !== undefined)
  const without = returned
    .filter((record) => !records.includes(record))
    .map(({ seed, result }): MissingSeed => {
      const has = Object.keys(result.metrics).join(', ')
      return { seed, state: 'begun', reason: `its result has no metric '${metric}'; it has ${has}` }
    })
  return armFromResults(arm, settingsOf(arm), {
    seeds: [...runs.map((run) => seedOfRun(run, metric)), ...records.map((record) => seedOfStudy(record, metric))],
    missing: [
      ...states.flatMap(({ job, state }) => (state.kind === 'finished' ? [] : [missingSeed(job, state.kind)])),
      ...without,
    ],
    curves: [...curvesOfRuns(runs, metric), ...curvesOfStudies(returned)],
    provenance: [...new Set([...runs.map(({ config }) => describe(config)), ...returned.map(describe)])],
    wanted: jobs.length,
    better: reading.better,
  })
}

/** @internal */
export function armFromResults(
  arm: Pick<Arm, 'name' | 'label' | 'task' | 'method' | 'line' | 'panel' | 'x' | 'isNull' | 'bar' | 'references'>,
  settings: ArmSettings,
  results: Pick<ArmSummary, 'seeds' | 'missing' | 'curves' | 'provenance' | 'wanted'> & { better: 'higher' | 'lower' },
): ArmSummary {
  const { seeds, better, wanted, ...rest } = results
  const scores = seeds.map(({ score }) => score)
  const center = scores.length > 0 ? interval(singleTask(scores), iqm) : undefined
  const { name, label, task, method, line, panel, x, isNull, bar, references } = arm
  return {
    ...{ name, label, task, method, line, panel, x, isNull, settings, bar, references, wanted, seeds },
    ...rest,
    iqm: center?.value ?? null,
    interval: center ? [center.low, center.high] : null,
    mean: center ? mean(singleTask(scores)) : null,
    median: center ? middle(scores) : null,
    worst: center ? (better === 'higher' ? Math.min(...scores) : Math.max(...scores)) : null,
    met: isMet(bar, center?.value ?? null, seeds.length, wanted, better),
  }
}

export function seedOfRun(run: Run, metric: string): SeedSummary {
  const result = run.result!
  const score = metric === 'score' ? result.score : (result as unknown as Record<string, unknown>)[metric]
  if (typeof score !== 'number') {
    throw new RepriseError(
      'RPR_EXPERIMENT_INVALID',
      `'${run.path}' has no ${metric}: it is ${JSON.stringify(score)}.`,
      {
        value: metric,
        hint: "Leave out 'metric', or choose an environment that reports success.",
      },
    )
  }
  const updates = updatesOf(run)
  return {
    seed: result.seed,
    score,
    stdReward: result.stdReward,
    episodes: result.returns.length,
    ...(result.failedEpisodes > 0 ? { failedEpisodes: result.failedEpisodes } : {}),
    steps: result.steps,
    ...(updates ? { updates: updates.y.at(-1)! } : {}),
    wallSeconds: result.wallSeconds,
    stepsPerSecond: result.stepsPerSecond,
    executor: result.executor,
    parameterHash: result.parameterHash,
  }
}

function seedOfStudy({ seed, wallSeconds, result }: StudyRecord, metric: string): SeedSummary {
  return { seed, score: result.metrics[metric]!, wallSeconds, metrics: result.metrics }
}

/** Evaluations over environment steps and, where the runs counted them, over gradient updates. */
export function curvesOfRuns(runs: readonly Run[], metric: string): NamedCurve[] {
  if (runs.length === 0 || runs.some((run) => run.evaluations.length === 0)) return []
  const key = metric === 'successRate' ? 'eval/success_rate' : 'eval/mean_reward'
  const evaluated = runs.map((run) => runCurve(run, key))
  const yLabel = metric === 'successRate' ? 'success rate' : 'mean return'
  const updates = runs.map(updatesOf)
  const base = { yLabel, logY: false }
  const curves = named({ ...base, name: 'eval', xLabel: 'environment steps' }, evaluated)
  if (updates.every((one) => one !== undefined)) {
    const byUpdates = evaluated.map(({ x, y }, i) => ({ x: x.map((step) => interpolate(updates[i]!, step)), y }))
    curves.push(...named({ ...base, name: 'eval by updates', xLabel: 'gradient updates' }, byUpdates))
  }
  return curves
}

function curvesOfStudies(records: readonly StudyRecord[]): NamedCurve[] {
  const names = Object.keys(records[0]?.result.curves ?? {})
  return names.flatMap((name) => {
    const runs = records.flatMap(({ result }) => (result.curves?.[name] ? [result.curves[name]] : []))
    const { xLabel = 'x', yLabel = name, logY = false } = records[0]!.result
    return named({ name, xLabel, yLabel, logY }, commonPoints(runs))
  })
}

/** None where the runs have no common range: such runs have no aggregate. */
function named(base: Omit<NamedCurve, 'band' | 'runs'>, runs: readonly Curve[]): NamedCurve[] {
  const from = Math.max(...runs.map(({ x }) => x[0]!))
  if (from > Math.min(...runs.map(({ x }) => x.at(-1)!))) return []
  const { x, y, low, high } = aggregateCurves(runs)
  const each = runs.map((run) => thinned({ x: [...run.x], y: [...run.y] }))
  return [{ ...base, band: thinned({ x, y, low, high }), runs: each }]
}

/** Evenly spaced points, ends included, in five digits: enough for a figure. */
function thinned<T extends Record<string, readonly number[]>>(curve: T): T {
  const length = curve['x']!.length
  const count = Math.min(length, POINTS)
  const at = Array.from({ length: count }, (_, i) => (count === 1 ? 0 : Math.round((i * (length - 1)) / (count - 1))))
  return Object.fromEntries(
    Object.entries(curve).map(([key, column]) => [
      key,
      at.map((i) => Number(column[i]!.toPrecision(key === 'x' ? 8 : 5))),
    ]),
  ) as unknown as T
}

const UPDATES = 'train/n_updates'

/** Gradient updates over environment steps; undefined where the run did not count them. */
function updatesOf(run: Run): Curve | undefined {
  if (!run.metrics.some((row) => typeof row[UPDATES] === 'number')) return undefined
  const { x, y } = runCurve(run, UPDATES)
  // None at step 0.
  return { x: [0, ...x], y: [0, ...y] }
}

/** Key order is that of the recorded summaries: they are compared as text. */
export function settingsOf({ train, set }: Pick<Arm, 'train' | 'set'>): ArmSettings {
  if (!train) return { set }
  const { algo, env, steps, preset, envOptions } = train
  return { algo, env, steps, preset, set, ...(Object.keys(envOptions).length > 0 ? { envOptions } : {}) }
}

interface Origin {
  readonly machine: Readonly<Record<string, string | number>>
  readonly versions: Readonly<Record<string, string>>
  readonly git: { readonly commit: string; readonly dirty: boolean } | null
  readonly reprise?: string
  readonly runHash?: string
}

export function describe({ machine, versions, git, reprise, runHash }: Origin): string {
  const commit = git ? `commit ${git.commit.slice(0, 10)}${git.dirty ? ' with changes' : ''}` : 'no commit'
  const file = runHash ? `, study ${runHash}` : ''
  const { reprise: version } = versions
  return `Reprise ${reprise ?? version}, ${commit}${file}, Node.js ${versions['node']}, ${machine['cpu']}, ${machine['cores']} cores`
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
