/** Reads wheels, which are ZIP archives: the list of files, and single files out of it. No ZIP64: no wheel needs it. */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { damaged } from './errors.ts'

export interface ZipEntry {
  readonly name: string
  /** 0 stored, 8 deflated. */
  readonly method: number
  readonly crc: number
  readonly compressed: number
  readonly size: number
  readonly offset: number
  /** Unix permissions; 0 where the archive has none. */
  readonly mode: number
}

const END = 0x06054b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const LONGEST_END = 22 + 0xffff

/** @throws RPR_SETUP_DAMAGED where `path` is no ZIP archive or is cut short */
export async function readZip(path: string): Promise<ZipEntry[]> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const tail = await readAt(file, Math.max(0, size - LONGEST_END), Math.min(size, LONGEST_END), path)
    let at = tail.length - 22
    while (at >= 0 && tail.readUInt32LE(at) !== END) at--
    if (at < 0) throw damaged(path, 'it is no complete ZIP archive')
    const directory = await readAt(file, tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12), path)
    return entries(directory, tail.readUInt16LE(at + 10), path)
  } finally {
    await file.close()
  }
}

function entries(directory: Buffer, count: number, path: string): ZipEntry[] {
  const found: ZipEntry[] = []
  for (let at = 0; found.length < count; ) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== CENTRAL) {
      throw damaged(path, 'its table of files is broken')
    }
    const nameLength = directory.readUInt16LE(at + 28)
    found.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      compressed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      mode: directory.readUInt16LE(at + 40) & 0o777,
    })
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return found
}

/**
 * Writes one file below `folder`, checks its length and checksum, and has it on the disk when it returns.
 * `onBytes` gets the bytes written since it was last called.
 * @throws RPR_SETUP_DAMAGED
 */
export async function extract(
  path: string,
  entry: ZipEntry,
  folder: string,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  const target = join(folder, entry.name)
  if (normalize(target) !== target || entry.name.startsWith('/') || entry.name.split('/').includes('..')) {
    throw damaged(path, `it holds a file outside its folder, '${entry.name}'`)
  }
  mkdirSync(dirname(target), { recursive: true })
  const start = await dataStart(path, entry)
  const check = new Check(onBytes)
  const mode = (entry.mode & 0o755) | 0o644
  const write = createWriteStream(target, { mode, flush: true, highWaterMark: 1 << 20 })
  // An empty range cannot be asked for.
  const read =
    entry.compressed === 0
      ? []
      : createReadStream(path, { start, end: start + entry.compressed - 1, highWaterMark: 1 << 20 })
  try {
    if (entry.method === 8) await pipeline(read, createInflateRaw({ chunkSize: 1 << 20 }), check, write)
    else await pipeline(read, check, write)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code?.startsWith('Z_'))
      throw damaged(path, `'${entry.name}' cannot be unpacked`)
    throw cause
  }
  if (check.bytes !== entry.size || check.crc !== entry.crc) {
    throw damaged(path, `'${entry.name}' in it does not have the checksum it should have`)
  }
}

class Check extends Transform {
  bytes = 0
  crc = 0
  readonly #onBytes: ((bytes: number) => void) | undefined

  constructor(onBytes: ((bytes: number) => void) | undefined) {
    super({ highWaterMark: 1 << 20 })
    this.#onBytes = onBytes
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length
    this.crc = crc32(chunk, this.crc)
    this.#onBytes?.(chunk.length)
    done(null, chunk)
  }
}

/** After the local header, whose extra field may differ from the one in the table. */
async function dataStart(path: string, { name, offset }: ZipEntry): Promise<number> {
  const file = await open(path)
  try {
    const header = await readAt(file, offset, 30, path)
    if (header.readUInt32LE(0) !== LOCAL) throw damaged(path, `'${name}' is not where its table says`)
    return offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  } finally {
    await file.close()
  }
}

async function readAt(file: FileHandle, position: number, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  if (bytesRead !== length) throw damaged(path, 'it is cut short')
  return bytes
}
