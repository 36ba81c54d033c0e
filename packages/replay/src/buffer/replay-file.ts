import { readFileSync } from 'node:fs'
import { RepriseError, type Serializable } from '@reprise/core'
import { decodeState, encodeState, type StateFileKind, writeFileAtomic } from '@reprise/storage'

/** What a replay file is. */
export const REPLAY_FILE: StateFileKind = {
  magic: 'RPRREPLY',
  version: 1,
  what: 'a replay file',
  corrupt: 'RPR_REPLAY_CORRUPT',
  outdated: 'RPR_REPLAY_VERSION',
  hint: 'Use an older file; this one cannot be repaired.',
}

/** What can be saved: a replay, a mix of them, or a part. */
export interface Saved {
  /** `copy: false` allows the arrays themselves: they are written at once. */
  state(copy?: boolean): Serializable
  load(state: Serializable): void
}

/** Writes everything to one file, whole or not at all. @throws RPR_FILE_UNWRITABLE */
export function saveReplay(replay: Saved, path: string): void {
  writeFileAtomic(path, encodeState(replay.state(false), REPLAY_FILE))
}

/**
 * Reads what `saveReplay` wrote into a replay made of the same parts: it then draws as the saved one would have.
 * @throws RPR_FILE_MISSING, RPR_REPLAY_CORRUPT, RPR_REPLAY_VERSION, RPR_STATE_MISMATCH
 */
export function loadReplay(replay: Saved, path: string): void {
  const state = decodeState(readBytes(path), `'${path}'`, REPLAY_FILE)
  try {
    replay.load(state)
  } catch (cause) {
    if (cause instanceof RepriseError) throw cause
    throw new RepriseError('RPR_REPLAY_CORRUPT', `'${path}' is damaged: ${(cause as Error).message}.`, {
      value: path,
      hint: REPLAY_FILE.hint,
      cause,
    })
  }
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new RepriseError('RPR_FILE_MISSING', `'${path}' cannot be read: ${(cause as Error).message}.`, {
      value: path,
      hint: 'Name a file that saveReplay wrote.',
      cause,
    })
  }
}
