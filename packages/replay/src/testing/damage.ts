/** Loads damaged replay files; what goes wrong is returned as text. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pcg64, RepriseError, type Serializable } from '@reprise/core'
import { encodeState, writeFileAtomic } from '@reprise/storage'
import { loadReplay, REPLAY_FILE, saveReplay } from '../buffer/replay-file.ts'
import { mutate, mutateState } from './mutate.ts'
import { draws, Session } from './replays.ts'

const CODES = ['RPR_REPLAY_CORRUPT', 'RPR_REPLAY_VERSION']

/** `count` files with damaged bytes: each has to be refused as corrupt or of another version. */
export function damaged(count: number, folder: string): string[] {
  const rng = new Pcg64(6)
  const path = join(folder, 'damaged.bin')
  const wrong: string[] = []
  const session = made(0)
  const { replay } = made(1)
  saveReplay(session.replay, path)
  const whole = readFileSync(path)
  for (let i = 0; i < count; i++) {
    const bytes = mutate(whole, rng)
    if (Buffer.from(bytes).equals(whole)) continue
    writeFileSync(path, bytes)
    const code = codeOf(() => loadReplay(replay, path))
    if (!CODES.includes(code)) wrong.push(`file ${i}: ${code}`)
  }
  return wrong
}

/**
 * `count` files with a right checksum around a state of which one part is wrong: refused with a code, or else loaded
 * into something that can be drawn from.
 */
export function damagedStates(count: number, folder: string): string[] {
  const rng = new Pcg64(7)
  const path = join(folder, 'damaged-state.bin')
  const wrong: string[] = []
  for (let i = 0; i < count; i++) {
    const session = made(i)
    const state = mutateState(session.replay.state(), rng) as Serializable
    writeFileAtomic(path, encodeState(state, REPLAY_FILE))
    const other = made(i)
    const code = codeOf(() => {
      loadReplay(other.replay, path)
      other.draw(10)
    })
    if (code !== 'none' && !code.startsWith('RPR_')) wrong.push(`state ${i}: ${code}`)
  }
  return wrong
}

function made(i: number): Session {
  const names = Object.keys(draws)
  const session = new Session({ draw: draws[names[i % names.length]!]!, capacity: 60 + (i % 3) * 60 }).collect(30)
  session.draw(2)
  return session
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof RepriseError ? error.code : String((error as Error).stack)
  }
  return 'none'
}
