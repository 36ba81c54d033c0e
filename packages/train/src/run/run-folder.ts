/**
 * The run folder: the record of a run and all that is needed to continue it.
 *
 *   config.yaml     what ran: every option, versions, commit, executor, machine
 *   metrics.jsonl   one object per log line      eval.jsonl   one per evaluation
 *   events.out.…    TensorBoard event file       run.log      log lines (pino)
 *   checkpoints/    <step>/, best.json           result.json, README.md   written at the end
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { RepriseError, repriseCommand } from '@reprise/core'
import { unwritable, writeFileAtomic } from '@reprise/storage'
import { parse, stringify } from 'yaml'

export interface RunConfig {
  /** Version of Reprise that wrote the file. */
  readonly reprise: string
  readonly algo: string
  readonly env: {
    readonly id: string
    /** Absolute path of the file that defines it; null for a registered id. */
    readonly file: string | null
    readonly fileHash: string | null
    /** False where it was handed over as an object: resuming then needs it again. */
    readonly loadable: boolean
    readonly options: Readonly<Record<string, unknown>>
  }
  readonly executor: { readonly name: string; readonly reason: string; readonly deterministic: boolean }
  /** The run whose parameters this one began with. */
  readonly initFrom?: { readonly run: string; readonly step: number; readonly parameterHash: string }
  readonly resume: 'exact' | 'newEpisodes'
  readonly preset: string | null
  readonly presetSource: string | null
  readonly options: Readonly<Record<string, unknown>>
  /** Where each option that is not a default came from. */
  readonly sources: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
  readonly started: string
  readonly versions: Readonly<Record<string, string>>
  readonly git: { readonly commit: string; readonly dirty: boolean } | null
  readonly machine: Readonly<Record<string, string | number>>
  readonly command: string
}

/** The final word of a run. */
export interface RunResult {
  readonly algo: string
  readonly env: string
  readonly seed: number
  readonly steps: number
  /** Mean of the greedy final episodes, raw reward. */
  readonly score: number
  readonly stdReward: number
  readonly successRate: number | null
  readonly returns: readonly number[]
  /** Episodes of the final evaluation whose environment threw: they are not in the score. */
  readonly failedEpisodes: number
  readonly evalSeed: number
  readonly best: { readonly step: number; readonly meanReward: number } | null
  readonly parameterHash: string
  readonly executor: string
  /** Seconds spent in training and evaluation, over all sessions of the run. */
  readonly wallSeconds: number
  readonly stepsPerSecond: number
  readonly versions: Readonly<Record<string, string>>
}

/** Makes the folder of a new run. @throws RPR_FILE_EXISTS where there is something already */
export function createRunFolder(path: string): string {
  const folder = resolve(path)
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) {
      throw new RepriseError('RPR_FILE_EXISTS', `'${path}' is a file.`, {
        value: path,
        hint: 'Choose another folder with --out.',
      })
    }
    if (existsSync(join(folder, 'config.yaml'))) {
      throw new RepriseError('RPR_FILE_EXISTS', `'${path}' holds a run already.`, {
        value: path,
        hint: `Continue it with '${repriseCommand(`resume ${path}`)}', or choose another folder with --out.`,
      })
    }
    if (readdirSync(folder).some((name) => name !== '.lock')) {
      throw new RepriseError('RPR_FILE_EXISTS', `'${path}' is not empty.`, {
        value: path,
        hint: 'Choose another folder with --out.',
      })
    }
  }
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw unwritable(path, cause)
  }
  return folder
}

export function defaultRunFolder(algo: string, envId: string, seed: number): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '-')
  const stem = join('runs', `${algo}-${envId.replaceAll('/', '-')}-s${seed}-${stamp}`)
  // Two runs of one second keep apart.
  for (let n = 1; ; n++) {
    const path = n === 1 ? stem : `${stem}-${n}`
    if (!existsSync(path)) return path
  }
}

export function writeConfig(folder: string, config: RunConfig): void {
  const head = `# ${basename(folder)}: everything that ran. Start the same again with: reprise train --config <this file>\n`
  writeFileAtomic(join(folder, 'config.yaml'), head + stringify(config, { lineWidth: 0 }))
}

/** @throws RPR_FILE_MISSING, RPR_RUN_INVALID */
export function readConfig(path: string): { folder: string; config: RunConfig } {
  const folder = resolve(path)
  if (!existsSync(folder)) {
    throw new RepriseError('RPR_FILE_MISSING', `Run folder '${path}' does not exist.`, {
      value: path,
      hint: "Runs are in 'runs/' unless --out said otherwise.",
    })
  }
  const file = join(folder, 'config.yaml')
  if (!existsSync(file)) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' is no run folder: it has no config.yaml.`, {
      value: path,
      hint: 'Give the folder that a run printed at its start.',
    })
  }
  let config: RunConfig
  try {
    config = parse(readFileSync(file, 'utf8')) as RunConfig
    if (
      typeof config !== 'object' ||
      config === null ||
      typeof config.algo !== 'string' ||
      ![config.env, config.options, config.executor].every((part) => typeof part === 'object' && part !== null) ||
      !Array.isArray(config.warnings)
    )
      throw new Error('sections are missing')
  } catch (cause) {
    throw new RepriseError('RPR_RUN_INVALID', `'${file}' cannot be read: ${(cause as Error).message.split('\n')[0]}.`, {
      value: path,
      hint: 'Restore the file from a copy, or start the run again.',
      cause,
    })
  }
  return { folder, config }
}

export function readResult(folder: string): RunResult | undefined {
  return readJson<RunResult>(join(folder, 'result.json'))
}

/** A small file that the run itself wrote; undefined where it is not there. @throws RPR_RUN_INVALID */
export function readJson<T>(path: string): T | undefined {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch (cause) {
    throw new RepriseError('RPR_RUN_INVALID', `'${path}' cannot be read: ${(cause as Error).message.split('\n')[0]}.`, {
      value: path,
      hint: 'Delete it: the run goes on without.',
      cause,
    })
  }
}
