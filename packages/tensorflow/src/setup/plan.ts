/** What an installation will take, before it starts. */
import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { RepriseError } from '@reprise/core'
import { formatBytes } from './errors.ts'
import type { PinnedWheel } from './pins.ts'

export interface DiskNeed {
  readonly download: number
  readonly installed: number
  /** The most that lies on the disk at one time while it goes on. */
  readonly peak: number
}

/** For directories, rounding to blocks, and whoever else writes there. */
const MARGIN = 64e6

/** `wheels` are those still to do, in their order. */
export function diskNeed(wheels: readonly PinnedWheel[]): DiskNeed {
  let installed = 0
  let peak = 0
  for (const wheel of wheels) {
    // pip downloads to a scratch folder and copies from there; then the wheel lies beside what comes out of it.
    peak = Math.max(peak, installed + 2 * wheel.download, installed + wheel.download + wheel.installed)
    installed += wheel.installed
  }
  return { download: wheels.reduce((sum, wheel) => sum + wheel.download, 0), installed, peak: peak + MARGIN }
}

/** Bytes that this user can still write where `folder` is or will be. */
export function freeSpace(folder: string): number {
  let existing = folder
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  return bavail * bsize
}

/** @throws RPR_SETUP_SPACE */
export function checkSpace(folder: string, need: DiskNeed, free: number = freeSpace(folder)): void {
  if (need.peak <= free) return
  throw new RepriseError(
    'RPR_SETUP_SPACE',
    `Setup needs ${formatBytes(need.peak)} of free disk space while it works, and ${formatBytes(free)} are free in ${folder}.`,
    {
      value: free,
      hint: `${formatBytes(need.installed)} of it stay in use. Free some, or set XDG_CACHE_HOME to a folder on another disk.`,
    },
  )
}
