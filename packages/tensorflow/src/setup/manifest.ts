/** The file that ends an installation: what is in it, so that damage can be told. */
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MANIFEST } from '../library.ts'

export interface Manifest {
  readonly format: 1
  /** Of TensorFlow, as pinned. */
  readonly version: string
  readonly cuda: boolean
  /** What the opened library called itself; null where it could not be opened for want of koffi. */
  readonly opened: string | null
  readonly installed: string
  readonly wheels: readonly { readonly name: string; readonly version: string; readonly sha256: string }[]
  /** Bytes of every file. */
  readonly files: Readonly<Record<string, number>>
}

export function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
    return manifest.format === 1 && typeof manifest.files === 'object' ? manifest : undefined
  } catch {
    return undefined
  }
}

export function writeManifest(folder: string, manifest: Manifest): void {
  const path = join(folder, MANIFEST)
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
  // With its folder: the rename that follows must not reach the disk before them.
  for (const each of [path, folder]) sync(each)
}

export function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Why an installation of ours is not whole; undefined where it is. Reads sizes only. */
export function damageOf(folder: string): string | undefined {
  const manifest = readManifest(folder)
  if (manifest === undefined) return `${MANIFEST} is missing or unreadable`
  return wrongFile(folder, manifest.files)
}

export function wrongFile(folder: string, files: Readonly<Record<string, number>>): string | undefined {
  for (const [name, size] of Object.entries(files)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })
    if (!found) return `${name} is missing`
    if (found.size !== size) return `${name} has ${found.size} bytes in place of ${size}`
  }
  return undefined
}

export function totalSize(files: Readonly<Record<string, number>>): number {
  return Object.values(files).reduce((sum, size) => sum + size, 0)
}
