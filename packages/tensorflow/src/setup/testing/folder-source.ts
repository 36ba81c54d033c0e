/** Wheels from a folder, without pip: for tests that are not about it. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError } from '@reprise/core'
import { isWheelOf } from '../pip-source.ts'
import type { WheelSource } from '../source.ts'

export interface FolderSource extends WheelSource {
  /** Names of what was copied. */
  readonly fetched: string[]
}

export function folderSource(folder: string): FolderSource {
  const fetched: string[] = []
  return {
    fetched,
    check: () => 'a folder',
    async fetch(wheel, into) {
      const file = readdirSync(folder).find((name) => isWheelOf(name, wheel))!
      const target = join(into, file)
      if (!existsSync(target) || hash(target) !== wheel.sha256) {
        fetched.push(wheel.name)
        copyFileSync(join(folder, file), target)
      }
      if (hash(target) === wheel.sha256) return target
      throw new RepriseError('RPR_SETUP_DOWNLOAD', `${file} has another hash.`)
    },
  }
}

function hash(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
