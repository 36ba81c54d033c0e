/**
 * `checkpoints/<step>/`: `state.rpr` (everything that later steps read) and `checkpoint.json` (what a person asks:
 * when, how long each log was, the hash of the parameters). Renamed into place whole; the last few and the best stay.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { HostTree } from '@reprise/backend'
import { RepriseError, type Serializable } from '@reprise/core'
import {
  decodeState,
  encodeState,
  formerOf,
  restoreFolders,
  type StateFileKind,
  TEMPORARY_PREFIX,
  writeFileAtomic,
  writeFolderAtomic,
} from '@reprise/storage'
import { readJson } from './run-folder.ts'

const STATE_FILE: StateFileKind = {
  magic: 'RPRSTATE',
  version: 1,
  what: 'a checkpoint',
  corrupt: 'RPR_CHECKPOINT_CORRUPT',
  outdated: 'RPR_CHECKPOINT_VERSION',
  hint: "Restore the file from a copy, or delete this checkpoint's folder: resume and eval then take the one before.",
}

export interface CheckpointInfo {
  readonly step: number
  readonly time: string
  /** Length in bytes of each append-only file when the checkpoint was made. */
  readonly lengths: Readonly<Record<string, number>>
  readonly parameterHash: string
  readonly node: string
  readonly executor: string
}

export interface Best {
  readonly step: number
  readonly meanReward: number
}

export class CheckpointStore {
  readonly folder: string
  readonly keep: number

  constructor(runFolder: string, keep: number) {
    this.folder = join(runFolder, 'checkpoints')
    this.keep = keep
    mkdirSync(this.folder, { recursive: true })
    restoreFolders(this.folder)
    for (const name of readdirSync(this.folder)) {
      if (name.startsWith(TEMPORARY_PREFIX)) rmSync(join(this.folder, name), { recursive: true, force: true })
    }
  }

  write(info: CheckpointInfo, state: Serializable, best: Best | undefined): string {
    const path = join(this.folder, String(info.step))
    writeFolderAtomic(path, {
      'state.rpr': encodeState(state, STATE_FILE),
      'checkpoint.json': `${JSON.stringify(info, null, 2)}\n`,
    })
    if (best) writeFileAtomic(join(this.folder, 'best.json'), `${JSON.stringify(best)}\n`)
    this.#prune(best?.step)
    return path
  }

  #prune(best: number | undefined): void {
    const steps = listCheckpoints(this.folder)
    for (const step of steps.slice(0, Math.max(0, steps.length - this.keep))) {
      if (step !== best) rmSync(join(this.folder, String(step)), { recursive: true, force: true })
    }
  }
}

/** Steps of the complete checkpoints, ascending. */
export function listCheckpoints(folder: string): number[] {
  if (!existsSync(folder)) return []
  const steps = readdirSync(folder).map((name) => Number(/^(?:\.former-)?(\d+)$/.exec(name)?.[1]))
  return [...new Set(steps)]
    .filter((step) => existsSync(join(placeOf(folder, step), 'checkpoint.json')))
    .sort((a, b) => a - b)
}

/** Where the checkpoint of a step lies; beside its place while it is being written anew, or where that was interrupted. */
function placeOf(folder: string, step: number): string {
  const path = join(folder, String(step))
  return existsSync(path) ? path : formerOf(path)
}

export function readBest(runFolder: string): Best | undefined {
  return readJson<Best>(join(runFolder, 'checkpoints', 'best.json'))
}

/** Which checkpoint: its step, the newest, or the one with the best evaluation. */
export type CheckpointChoice = 'last' | 'best' | number

/** @throws RPR_CHECKPOINT_MISSING, RPR_CHECKPOINT_CORRUPT, RPR_CHECKPOINT_VERSION */
export function readCheckpoint(
  runFolder: string,
  choice: CheckpointChoice,
): { info: CheckpointInfo; state: Serializable } {
  const folder = join(runFolder, 'checkpoints')
  const steps = listCheckpoints(folder)
  const step =
    choice === 'last' ? steps.at(-1) : choice === 'best' ? (readBest(runFolder)?.step ?? steps.at(-1)) : choice
  if (step === undefined || !steps.includes(step)) {
    throw new RepriseError('RPR_CHECKPOINT_MISSING', `'${runFolder}' has no checkpoint '${choice}'.`, {
      value: choice,
      hint:
        steps.length > 0
          ? `It has: ${steps.join(', ')}, last, best.`
          : 'It was stopped before its first checkpoint: start it again.',
    })
  }
  const path = placeOf(folder, step)
  let info: CheckpointInfo
  let bytes: Uint8Array
  try {
    info = JSON.parse(readFileSync(join(path, 'checkpoint.json'), 'utf8'))
    if (info?.step !== step || typeof info.lengths !== 'object' || info.lengths === null)
      throw new Error('checkpoint.json lacks its fields')
    bytes = readFileSync(join(path, 'state.rpr'))
  } catch (cause) {
    throw new RepriseError(
      'RPR_CHECKPOINT_CORRUPT',
      `Checkpoint '${path}' cannot be read: ${(cause as Error).message}.`,
      {
        value: step,
        hint: `Other checkpoints of the run: ${steps.filter((s) => s !== step).join(', ') || 'none'}. Delete this one to go on from the one before.`,
        cause,
      },
    )
  }
  return { info, state: decodeState(bytes, join(path, 'state.rpr'), STATE_FILE) }
}

/** SHA-256 over names, shapes and bytes of a saved state: equal hashes, equal parameters. */
export function hashState(tree: HostTree): string {
  const hash = createHash('sha256')
  for (const path of Object.keys(tree).sort()) {
    const { dtype, shape, data } = tree[path]!
    hash.update(`${path}:${dtype}:${shape.join('x')};`)
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}
