import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { unwritable, writeFileAtomic } from '@reprise/storage'

/** A file that only grows, by whole pieces. Its length is what a checkpoint records. */
export class AppendFile {
  readonly path: string
  #fd: number | undefined
  #length: number

  constructor(path: string) {
    this.path = path
    try {
      this.#fd = openSync(path, 'a+')
      this.#length = fstatSync(this.#fd).size
    } catch (cause) {
      throw unwritable(path, cause)
    }
  }

  get length(): number {
    return this.#length
  }

  append(content: string | Uint8Array): void {
    if (this.#fd === undefined) return
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
    } catch (cause) {
      throw unwritable(this.path, cause)
    }
    this.#length += bytes.length
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

/**
 * Cuts `path` to `length` bytes. What lay beyond is first copied to `set-aside/` beside it and named after `label`.
 * A file that is shorter already stays as it is.
 */
export function setAsideAfter(path: string, length: number, label: string): number {
  const fd = openSync(path, 'a+')
  try {
    const size = fstatSync(fd).size
    if (size <= length) return 0
    const tail = Buffer.alloc(size - length)
    readSync(fd, tail, 0, tail.length, length)
    const folder = join(dirname(path), 'set-aside')
    mkdirSync(folder, { recursive: true })
    writeFileAtomic(join(folder, `${basename(path)}.${label}`), tail)
    ftruncateSync(fd, length)
    return tail.length
  } finally {
    closeSync(fd)
  }
}
