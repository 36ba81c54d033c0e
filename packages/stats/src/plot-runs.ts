import { writeFileSync } from 'node:fs'
import { RepriseError } from '@reprise/core'
import { type Aggregate, iqm, mean, median } from './aggregate.ts'
import { aggregateCurves, type Band, type Curve } from './curve.ts'
import { type CurvePlotOptions, curvePlot, type PlotSeries } from './curve-plot.ts'
import { groupRuns, type RunGroup } from './group-runs.ts'
import { findRuns, readRun, runCurve } from './run.ts'

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
  const groups = groupRuns(runs)
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

function titleOf(groups: readonly RunGroup[]): string {
  const environments = [...new Set(groups.map(({ members }) => members[0]!.config.env.id))]
  if (groups.length === 1) return `${groups[0]!.members[0]!.config.algo} on ${environments[0]}`
  return environments.join(', ')
}

function captionOf(groups: readonly RunGroup[], aggregate: keyof typeof AGGREGATES): string {
  const counts = groups.map(({ members }) => members.length)
  if (Math.max(...counts) === 1) {
    return groups.length === 1 ? `seed ${groups[0]!.members[0]!.config.options['seed']}` : 'one seed each'
  }
  const seeds =
    new Set(counts).size === 1 ? `${counts[0]} seeds` : `${Math.min(...counts)} to ${Math.max(...counts)} seeds`
  const what = aggregate === 'iqm' ? 'interquartile mean' : aggregate
  return `${what} of ${seeds}, band: 95 % bootstrap interval`
}
