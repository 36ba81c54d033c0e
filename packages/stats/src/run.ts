/** Reads run folders: what tables and plots are made of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { nearest, RepriseError } from '@reprise/core'
import type { RunConfig, RunResult } from '@reprise/train'
import { parse } from 'yaml'
import type { Curve } from './curve.ts'
import { readJsonLines } from './jsonl.ts'

/** A row of metrics.jsonl: `step`, `time` (seconds), then `group/name` keys. Keys may be absent from a row. */
export interface MetricRow {
  readonly step: number
  readonly time: number
  readonly [metric: string]: number
}

/** A row of eval.jsonl. */
export interface RunEvaluation {
  readonly step: number
  readonly time: number
  readonly mean_reward: number
  readonly std_reward: number
  readonly episodes: number
  readonly returns: readonly number[]
  readonly success_rate?: number
  readonly seed: number
}

export interface Run {
  readonly path: string
  readonly name: string
  readonly config: RunConfig
  readonly metrics: readonly MetricRow[]
  readonly evaluations: readonly RunEvaluation[]
  /** Absent while the run is not finished. */
  readonly result?: RunResult
}

/**
 * Reads a run folder, finished or not. Loads no tensor library.
 * @throws RepriseError RPR_FILE_MISSING; RPR_RUN_INVALID naming the damaged file and line
 */
export function readRun(path: string): Run {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `Run folder '${path}' does not exist.`, { value: path })
  }
  if (!isRun(path)) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' is no run folder: it has no config.yaml.`, {
      value: path,
      hint: 'Give the folder that a run printed at its start.',
    })
  }
  const resultFile = join(path, 'result.json')
  return {
    path,
    name: basename(path),
    config: read(join(path, 'config.yaml'), parse) as RunConfig,
    metrics: readJsonLines(join(path, 'metrics.jsonl')) as MetricRow[],
    evaluations: readJsonLines(join(path, 'eval.jsonl')) as unknown as RunEvaluation[],
    ...(existsSync(resultFile) ? { result: read(resultFile, JSON.parse) as RunResult } : {}),
  }
}

/** `path` itself where it is a run, else the runs directly within it (as several seeds leave them), by name. */
export function findRuns(path: string): string[] {
  if (!existsSync(path)) {
    throw new RepriseError('RPR_FILE_MISSING', `Run folder '${path}' does not exist.`, { value: path })
  }
  if (isRun(path)) return [path]
  const runs = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name))
    .filter(isRun)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  if (runs.length > 0) return runs
  throw new RepriseError('RPR_RUN_INVALID', `'${path}' is no run folder and holds none.`, {
    value: path,
    hint: 'Give a run folder, or a folder of run folders.',
  })
}

/** Names that `runCurve` takes for this run, those of evaluations first. */
export function runMetrics(run: Run): string[] {
  const names = new Set<string>()
  for (const row of run.evaluations) {
    for (const [key, value] of Object.entries(row)) {
      if (typeof value === 'number' && key !== 'step' && key !== 'seed') names.add(`eval/${key}`)
    }
  }
  for (const row of run.metrics) for (const key of Object.keys(row)) if (key !== 'step') names.add(key)
  return [...names]
}

/**
 * A metric over environment steps: `eval/mean_reward` and its like from the evaluations, others from the metrics.
 * Rows without it are left out.
 * @throws RepriseError RPR_OPTION_RANGE where no row has it, with the nearest name that exists
 */
export function runCurve(run: Run, metric: string): Curve {
  const key = metric.startsWith('eval/') ? metric.slice('eval/'.length) : metric
  const evaluated = run.evaluations.some((row) => key !== metric && typeof row[key as 'mean_reward'] === 'number')
  const rows: readonly Readonly<Record<string, unknown>>[] = evaluated ? (run.evaluations as never) : run.metrics
  const name = evaluated ? key : metric
  const points = rows.filter((row) => typeof row[name] === 'number') as Record<string, number>[]
  if (points.length === 0) {
    const known = runMetrics(run)
    const near = nearest(metric, known)
    throw new RepriseError('RPR_OPTION_RANGE', `Run '${run.path}' has no metric '${metric}'.`, {
      value: metric,
      hint: near
        ? `Did you mean '${near}'?`
        : known.length > 0
          ? `It has ${known.join(', ')}.`
          : 'It has logged nothing yet.',
    })
  }
  return { x: points.map((row) => row['step']!), y: points.map((row) => row[name]!) }
}

function isRun(path: string): boolean {
  return existsSync(join(path, 'config.yaml'))
}

function read(path: string, parser: (text: string) => unknown): unknown {
  try {
    const content = parser(readFileSync(path, 'utf8'))
    if (typeof content === 'object' && content !== null) return content
    throw new Error('it holds no mapping')
  } catch (cause) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' cannot be read: ${(cause as Error).message.split('\n')[0]}.`, {
      value: path,
      hint: 'Restore the file from a copy.',
      cause,
    })
  }
}
