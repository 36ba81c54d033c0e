import { writeFileSync } from 'node:fs'
import { RepriseError } from '@reprise/core'
import { type Aggregate, iqm, mean, median } from './aggregate.ts'
import { aggregateCurves, type Band, type Curve } from './curve.ts'
import { type CurvePlotOptions, curvePlot, type PlotSeries } from './curve-plot.ts'
import { findRuns, type Run, readRun, runCurve } from './run.ts'

const AGGREGATES = { iqm, mean, median } satisfies Record<string, Aggregate>

export interface PlotRunsOptions {
  /** What is drawn: `eval/mean_reward`, or any key of metrics.jsonl. */
  metric?: string
  /** File to write; without it the SVG is only returned. */
  out?: string
  aggregate?: keyof typeof AGGREGATES
  title?: string
  /** Horizontal reference lines. */
  lines?: CurvePlotOptions['lines']
}

export interface PlottedRuns {
  readonly svg: string
  readonly out?: string
  /** One per line: its name, the runs in it, and what was drawn. */
  readonly series: readonly { readonly name: string; readonly runs: readonly string[]; readonly curve: Curve | Band }[]
}

/**
 * Learning curves of one or many runs as SVG. Folders that hold several runs count as those runs. Runs that differ
 * only in their seed become one line, the aggregate over the seeds with its 95 % bootstrap band; other differences
 * (algorithm, environment, options) make lines of their own.
 * @throws RepriseError RPR_FILE_MISSING, RPR_RUN_INVALID, RPR_OPTION_RANGE, RPR_FILE_UNWRITABLE
 */
export function plotRuns(paths: readonly string[], options: PlotRunsOptions = {}): PlottedRuns {
  const { metric = 'eval/mean_reward', aggregate = 'iqm', lines, out } = options
  const runs = [...new Set(paths.flatMap(findRuns))].map(readRun)
  if (runs.length === 0)
    throw new RepriseError('RPR_USAGE', 'No run was given.', { hint: 'Give one or more run folders.' })
  const groups = groupBySettings(runs)
  const series = groups.map(({ name, members }) => {
    const curves = members.map((run) => runCurve(run, metric))
    const curve = curves.length > 1 ? aggregateCurves(curves, { aggregate: AGGREGATES[aggregate] }) : curves[0]!
    return { name, runs: members.map((run) => run.path), curve }
  })
  const svg = curvePlot({
    title: options.title ?? titleOf(groups),
    caption: captionOf(groups, aggregate),
    xLabel: 'environment steps',
    yLabel: metric,
    series: series.map(({ name, curve }): PlotSeries => ({ name, ...curve })),
    lines,
  })
  if (out === undefined) return { svg, series }
  try {
    writeFileSync(out, svg)
  } catch (cause) {
    throw new RepriseError('RPR_FILE_UNWRITABLE', `'${out}' cannot be written: ${(cause as Error).message}.`, {
      value: out,
      hint: 'Choose another file.',
      cause,
    })
  }
  return { svg, out, series }
}

interface Group {
  readonly name: string
  readonly members: readonly Run[]
}

function groupBySettings(runs: readonly Run[]): Group[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const { algo, env, options } = run.config
    const key = JSON.stringify([algo, env.id, env.options, { ...options, seed: null }])
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  const all = [...groups.values()].map((members) => ({ members, config: members[0]!.config }))
  const environments = new Set(all.map(({ config }) => config.env.id)).size
  const short = all.map(({ config }) => (environments > 1 ? `${config.algo} on ${config.env.id}` : config.algo))
  return all.map(({ members, config }, i) => {
    // The same algorithm twice: what differs is told apart by an option, or by the runs' names.
    const rivals = all.filter((_, j) => short[j] === short[i])
    const detail =
      rivals.length > 1
        ? difference(
            config.options,
            rivals.map((rival) => rival.config.options),
          )
        : ''
    const name = rivals.length > 1 ? `${short[i]} ${detail || members[0]!.name}` : short[i]!
    return { name, members }
  })
}

/** The options in which `own` differs from any of `others`, at most three: `numEnvs=8 learningRate=0.001`. */
function difference(
  own: Readonly<Record<string, unknown>>,
  others: readonly Readonly<Record<string, unknown>>[],
): string {
  return Object.keys(own)
    .filter((key) => key !== 'seed' && others.some((other) => JSON.stringify(other[key]) !== JSON.stringify(own[key])))
    .slice(0, 3)
    .map((key) => `${key}=${typeof own[key] === 'string' ? own[key] : JSON.stringify(own[key])}`)
    .join(' ')
}

function titleOf(groups: readonly Group[]): string {
  const environments = [...new Set(groups.map(({ members }) => members[0]!.config.env.id))]
  if (groups.length === 1) return `${groups[0]!.members[0]!.config.algo} on ${environments[0]}`
  return environments.join(', ')
}

function captionOf(groups: readonly Group[], aggregate: keyof typeof AGGREGATES): string {
  const counts = groups.map(({ members }) => members.length)
  if (Math.max(...counts) === 1) {
    return groups.length === 1 ? `seed ${groups[0]!.members[0]!.config.options['seed']}` : 'one seed each'
  }
  const seeds =
    new Set(counts).size === 1 ? `${counts[0]} seeds` : `${Math.min(...counts)} to ${Math.max(...counts)} seeds`
  const what = aggregate === 'iqm' ? 'interquartile mean' : aggregate
  return `${what} of ${seeds}, band: 95 % bootstrap interval`
}
