import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TEMPORARY_PREFIX } from '@reprise/storage'
import { loadReplay } from '../buffer/replay-file.ts'
import { Session } from './replays.ts'

const loop = fileURLToPath(new URL('./save-loop.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/**
 * Kills a process that saves without pause `kills` times, each time a random while after its first complete save, and
 * loads the file. Returns how many of the files loaded and how many kills left a part of a save behind.
 */
export async function killSaves(kills: number, delay: () => number): Promise<{ loaded: number; midSave: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'replay-kill-'))
  const path = join(folder, 'replay.bin')
  let loaded = 0
  try {
    for (let i = 0; i < kills; i++) {
      await killOnce(path, delay())
      const { replay } = new Session({ capacity: 3000 })
      loadReplay(replay, path)
      if (replay.store.size >= 3 * 501) loaded++
    }
    // Each kill within a save leaves a temporary file.
    const midSave = readdirSync(folder).filter((name) => name.startsWith(TEMPORARY_PREFIX)).length
    return { loaded, midSave }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function killOnce(path: string, delay: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', tsx, loop, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.once('error', reject)
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delay))
    child.once('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`the saving process ended with ${code ?? signal}`)),
    )
  })
}
