/**
 * The folder that an installation grows in, beside where it will lie. Its name says whose it is, so that a later setup
 * can tell one that is at work from one that was interrupted, and go on with what the latter has.
 *
 *   .setup-cpu-2.21.0-<pid>-<start>/
 *     wheels/   complete downloads        tmp/   of pip
 *     done/     a file per unpacked wheel: its hash, and the sizes of what came out of it
 *     out/      the installation, renamed into place at the end
 *
 * Nothing is deleted in place: a folder is renamed to `.trash-...` first, so that half of it never looks like all of it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

const TRASH = '.trash-'

export interface Staging {
  readonly folder: string
  readonly wheels: string
  readonly tmp: string
  readonly done: string
  readonly out: string
}

/** A staging folder of this process: an interrupted one taken over, or a new one. `what` is `cpu-2.21.0`. */
export function claim(root: string, what: string): Staging {
  mkdirSync(root, { recursive: true })
  const folder = join(root, `.setup-${what}-${processName(process.pid)}`)
  for (const name of abandoned(root)) {
    // Of an earlier try in this process.
    if (join(root, name) === folder) continue
    if (!existsSync(folder) && name.startsWith(`.setup-${what}-`)) tryRename(join(root, name), folder)
    else discard(root, join(root, name))
  }
  const staging: Staging = {
    folder,
    wheels: join(folder, 'wheels'),
    tmp: join(folder, 'tmp'),
    done: join(folder, 'done'),
    out: join(folder, 'out'),
  }
  rmSync(staging.tmp, { recursive: true, force: true })
  for (const each of [staging.wheels, staging.done, staging.out]) mkdirSync(each, { recursive: true })
  return staging
}

/** Names of staging folders that no other process is at work in. */
export function abandoned(root: string): string[] {
  return list(root).filter((name) => {
    const owner = /^\.setup-.*-(\d+)-\d+$/.exec(name)
    if (owner === null) return false
    const pid = Number(owner[1])
    return pid === process.pid || !name.endsWith(`-${processName(pid)}`)
  })
}

/** Takes `folder` out of sight at once, then deletes it. Nothing where there is none. */
export function discard(root: string, folder: string): void {
  const trash = join(root, `${TRASH}${process.pid}-${Date.now()}-${basename(folder).replace(/^\./, '')}`)
  if (tryRename(folder, trash)) remove(trash)
}

/** Deletes what earlier deletions that were interrupted left. */
export function emptyTrash(root: string): void {
  for (const name of list(root)) if (name.startsWith(TRASH)) remove(join(root, name))
}

function remove(folder: string): void {
  // Retried: a pip that lost its setup may still be writing there.
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function list(root: string): string[] {
  return existsSync(root) ? readdirSync(root) : []
}

/** Process ids come round again; with the time of its start, in clock ticks since boot, one names a process. */
export function processName(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold anything.
    return `${pid}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return alive(pid) ? `${pid}-0` : ''
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
