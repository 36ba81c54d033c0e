/** The report of run folders that no experiment file describes. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { RepriseError, suggest } from '@reprise/core'
import { findRuns, groupRuns, type Run, readRun } from '@reprise/stats'
import type { Reading } from './experiment.ts'
import { slug } from './report/format.ts'
import { writeReport } from './report/write.ts'
import { armFromResults, curvesOfRuns, describe, seedOfRun } from './summarise-arm.ts'
import { type ArmSummary, concluded, type ExperimentSummary } from './summary.ts'

export interface ReportRunsOptions {
  readonly command: string
  /** Name of the arm that the others are compared with. */
  readonly control?: string
  readonly title?: string
}

/**
 * Runs that differ only in their seed are an arm; arms on the same environment are compared. Unfinished runs are
 * listed as missing.
 * @param paths run folders, or folders that hold runs (at any depth)
 * @throws RepriseError RPR_FILE_MISSING, RPR_RUN_INVALID, RPR_USAGE
 */
export function summariseRuns(paths: readonly string[], options: ReportRunsOptions): ExperimentSummary {
  const folders = [...new Set(paths.flatMap(findAllRuns))]
  const reading: Reading = {
    ...{ metric: null, better: 'higher', normalise: {}, xName: null, logX: false, logY: false },
    control: options.control ?? null,
  }
  const groups = groupRuns(folders.map(readRun))
  const arms = groups.map(({ name, members }) => armOf(name, members))
  const names = arms.map(({ label }) => label)
  if (options.control !== undefined && !names.includes(options.control)) {
    throw new RepriseError('RPR_USAGE', `--control '${options.control}' is no arm of these runs.`, {
      value: options.control,
      hint: suggest(options.control, names),
    })
  }
  return concluded({
    name: options.title ?? basename(paths[0]!),
    claim: `What ${folders.length === 1 ? 'one run' : `${folders.length} runs`} scored.`,
    command: options.command,
    quick: false,
    isStudy: false,
    reading,
    metric: 'score',
    arms,
  })
}

export function reportRuns(paths: readonly string[], out: string, options: ReportRunsOptions): string[] {
  return writeReport(out, summariseRuns(paths, options))
}

function armOf(name: string, members: readonly Run[]): ArmSummary {
  const { algo, env, options, preset } = members[0]!.config
  const finished = members.filter(({ result }) => result !== undefined)
  const method = name.replace(` on ${env.id}`, '')
  return armFromResults(
    {
      ...{ name: slug(name), label: name, task: env.id, method, line: method, panel: env.id, x: null },
      ...{ isNull: false, bar: null, references: [] },
    },
    {
      ...{ algo, env: env.id, steps: Number(options['steps']), preset, set: {} },
      ...(Object.keys(env.options).length > 0 ? { envOptions: env.options } : {}),
    },
    {
      seeds: finished.map((run) => seedOfRun(run, 'score')),
      missing: members
        .filter(({ result }) => result === undefined)
        .map(({ config }) => ({ seed: Number(config.options['seed']), state: 'begun' as const, reason: null })),
      curves: curvesOfRuns(finished, 'score'),
      provenance: [...new Set(finished.map(({ config }) => describe(config)))],
      wanted: members.length,
      better: 'higher',
    },
  )
}

/** `findRuns`, at any depth. @throws RepriseError RPR_FILE_MISSING, RPR_RUN_INVALID where there is none */
function findAllRuns(path: string): string[] {
  const below = existsSync(path) ? runsBelow(path) : []
  return below.length > 0 ? below : findRuns(path)
}

function runsBelow(path: string): string[] {
  if (existsSync(join(path, 'config.yaml'))) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^\.|\.aside-\d+$|^node_modules$/.test(entry.name))
    .map((entry) => join(path, entry.name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .flatMap(runsBelow)
}
