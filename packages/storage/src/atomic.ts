/** Writes that are either whole or absent. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RepriseError } from '@reprise/core'

let counter = 0

/** Writes to a temporary file beside `path`, then renames it into place. */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = temporaryBeside(path)
  try {
    writeFileSynced(temporary, content)
    renameSync(temporary, path)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw unwritable(path, cause)
  }
}

/**
 * Fills a temporary folder, then renames it to `path`. An existing folder there is set aside by a rename before, as
 * `formerOf(path)`, and removed after: where the process is lost between, readers find it there and `restoreFolders` brings
 * it back.
 */
export function writeFolderAtomic(path: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const temporary = temporaryBeside(path)
  try {
    mkdirSync(temporary, { recursive: true })
    for (const [name, content] of Object.entries(files)) writeFileSynced(join(temporary, name), content)
    const former = formerOf(path)
    if (existsSync(path)) {
      // Of an earlier replacement that was lost after its last rename.
      rmSync(former, { recursive: true, force: true })
      renameSync(path, former)
    }
    try {
      renameSync(temporary, path)
    } catch (cause) {
      if (existsSync(former)) renameSync(former, path)
      throw cause
    }
    rmSync(former, { recursive: true, force: true })
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true })
    throw unwritable(path, cause)
  }
}

/** Where a folder lies while another takes its place. */
export function formerOf(path: string): string {
  return join(dirname(path), FORMER_PREFIX + basename(path))
}

/** Puts folders back whose replacement was interrupted at its last step; to be called where nobody else writes. */
export function restoreFolders(parent: string): void {
  if (!existsSync(parent)) return
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(FORMER_PREFIX)) continue
    const path = join(parent, name.slice(FORMER_PREFIX.length))
    if (existsSync(path)) rmSync(join(parent, name), { recursive: true, force: true })
    else renameSync(join(parent, name), path)
  }
}

/** Names of left-overs of interrupted writes begin with this. */
export const TEMPORARY_PREFIX = '.tmp-'
/** A folder that is being replaced. */
const FORMER_PREFIX = '.former-'

function temporaryBeside(path: string): string {
  return join(dirname(path), `${TEMPORARY_PREFIX}${process.pid}-${counter++}-${basename(path)}`)
}

/** No system call writes 2 GiB at once, and Node.js refuses to ask for it. */
const GREATEST_WRITE = 2 ** 30

function writeFileSynced(path: string, content: string | Uint8Array): void {
  const fd = openSync(path, 'w')
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, GREATEST_WRITE))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export function unwritable(path: string, cause: unknown): RepriseError {
  return new RepriseError('RPR_FILE_UNWRITABLE', `'${path}' cannot be written: ${(cause as Error).message}.`, {
    value: path,
    hint: 'Choose another folder with --out, or free space and permissions there.',
    cause,
  })
}
