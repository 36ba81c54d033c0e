import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { RepriseError } from '@reprise/core'

/** Locks that this very process holds. */
const held = new Set<string>()

/**
 * Makes this process the only writer of a run folder. A lock whose process is gone is taken over.
 * @throws RPR_RUN_LOCKED
 */
export function lockRun(folder: string): () => void {
  const path = join(folder, '.lock')
  const mine = JSON.stringify({ pid: process.pid, host: hostname() })
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const fd = openSync(path, 'wx')
      writeSync(fd, mine)
      closeSync(fd)
      held.add(path)
      const release = () => {
        held.delete(path)
        rmSync(path, { force: true })
      }
      process.once('exit', release)
      return () => {
        process.removeListener('exit', release)
        release()
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = readHolder(path)
      if (holder && isAlive(holder, path)) {
        throw new RepriseError(
          'RPR_RUN_LOCKED',
          `'${folder}' is being written by process ${holder.pid} on ${holder.host}.`,
          {
            value: folder,
            hint: `Wait for it or stop it; if it is gone, delete '${path}'.`,
          },
        )
      }
      rmSync(path, { force: true })
    }
  }
  throw new RepriseError('RPR_RUN_LOCKED', `'${folder}' could not be locked.`, { value: folder, hint: 'Try again.' })
}

function readHolder(path: string): { pid: number; host: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive({ pid, host }: { pid: number; host: string }, path: string): boolean {
  // Another machine's processes cannot be asked after: its lock counts.
  if (host !== hostname()) return true
  // In a container that is started again, processes get the numbers that they had before.
  if (pid === process.pid) return held.has(path)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
