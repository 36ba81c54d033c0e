/**
 * A file of one JSON header and several blobs: magic, version, header length, header, blobs aligned to 8 bytes, SHA-256 of
 * all before. Written to a temporary name and renamed, so that a reader never sees half of one.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RepriseError } from '@reprise/core'
import { fromJson, toJson } from './stored-graph.ts'

/** What the header may say changes with it. */
const VERSION = 2
const MAGIC = 'RPRPROG\n'
const FIXED = 16
const DIGEST = 32

export interface Container {
  /** JSON. */
  readonly header: unknown
  readonly blobs: readonly Uint8Array[]
}

/** @throws RPR_FILE_UNWRITABLE */
export async function writeContainer(path: string, { header, blobs }: Container): Promise<void> {
  const json = Buffer.from(toJson({ header, lengths: blobs.map((blob) => blob.length) }))
  const fixed = Buffer.alloc(FIXED)
  fixed.write(MAGIC, 'latin1')
  fixed.writeUInt32LE(VERSION, 8)
  fixed.writeUInt32LE(json.length, 12)
  const parts: Uint8Array[] = [fixed, json, new Uint8Array(padding(FIXED + json.length))]
  for (const blob of blobs) parts.push(blob, new Uint8Array(padding(blob.length)))
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  await writeAtomically(path, [...parts, hash.digest()])
}

/** @throws RPR_FILE_MISSING, RPR_CHECKPOINT_CORRUPT, RPR_CHECKPOINT_VERSION */
export async function readContainer(path: string): Promise<Container> {
  let file: Buffer
  try {
    // Several hops to another thread take longer than reading does.
    file = readFileSync(path)
  } catch (cause) {
    throw new RepriseError('RPR_FILE_MISSING', `Cannot read the compiled program '${path}'.`, { value: path, cause })
  }
  const corrupt = (problem: string): RepriseError =>
    new RepriseError('RPR_CHECKPOINT_CORRUPT', `'${path}' ${problem}.`, {
      value: path,
      hint: 'Write it again with `write` of a program.',
    })
  if (file.length < FIXED + DIGEST || file.toString('latin1', 0, 8) !== MAGIC) throw corrupt('is no compiled program')
  const version = file.readUInt32LE(8)
  if (version !== VERSION) {
    throw new RepriseError(
      'RPR_CHECKPOINT_VERSION',
      `'${path}' has format ${version}; this version reads ${VERSION}.`,
      { value: version, hint: 'Compile the program and write it again.' },
    )
  }
  const content = file.subarray(0, file.length - DIGEST)
  if (!createHash('sha256').update(content).digest().equals(file.subarray(content.length))) throw corrupt('is damaged')
  const end = FIXED + file.readUInt32LE(12)
  const { header, lengths } = fromJson(file.toString('utf8', FIXED, end)) as { header: unknown; lengths: number[] }
  let at = end + padding(end)
  const blobs = lengths.map((length) => {
    // A copy: elements of typed arrays must lie at multiples of their size.
    const blob = Uint8Array.from(file.subarray(at, at + length))
    at += length + padding(length)
    return blob
  })
  return { header, blobs }
}

/** @throws RPR_FILE_UNWRITABLE */
export async function writeAtomically(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(temporary, 'wx')
    try {
      for (const part of parts) await handle.writeFile(part)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {})
    throw new RepriseError('RPR_FILE_UNWRITABLE', `Cannot write '${path}'.`, { value: path, cause })
  }
}

function padding(length: number): number {
  return (8 - (length % 8)) % 8
}
