/** Small wheels that pip takes for real ones, with files that setup keeps and files that it does not. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { Pcg64 } from '@reprise/core'
import { keeps, type PinnedWheel, type Pins, requiredFiles } from '../pins.ts'

export const FAKE_VERSION = '9.8.7'

export interface FakeWheels {
  readonly pins: Pins
  /** Every file that an installation has to hold, with its content. */
  readonly files: Readonly<Record<string, Buffer>>
}

/** Writes them into `folder`, each file of a wheel `size` bytes that do not compress. */
export function fakeWheels(folder: string, cuda: boolean, size: number): FakeWheels {
  mkdirSync(folder, { recursive: true })
  const rng = new Pcg64(4)
  const parts = new Map<string, string[]>()
  for (const file of requiredFiles(cuda)) {
    const name = !file.startsWith('nvidia') ? 'tensorflow' : /\/(cuda|nv)/.test(file) ? 'nvidia-cuda' : 'nvidia-math'
    parts.set(name, [...(parts.get(name) ?? []), file])
  }
  const wheels: PinnedWheel[] = []
  const files: Record<string, Buffer> = {}
  for (const [name, paths] of parts) {
    const content = { ...Object.fromEntries(paths.map((path) => [path, bytesOf(rng, size)])), ...extras(name) }
    const archive = zip(content)
    const file = `${name.replaceAll('-', '_')}-${FAKE_VERSION}-py3-none-manylinux_2_27_x86_64.whl`
    writeFileSync(join(folder, file), archive)
    const kept = Object.entries(content).filter(([path]) => keeps(path))
    Object.assign(files, Object.fromEntries(kept))
    wheels.push({
      name,
      version: FAKE_VERSION,
      sha256: createHash('sha256').update(archive).digest('hex'),
      download: archive.length,
      installed: kept.reduce((sum, [, { length }]) => sum + length, 0),
    })
  }
  return { pins: { cuda, version: FAKE_VERSION, wheels }, files }
}

function bytesOf(rng: Pcg64, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(rng.integers(2 ** 32), at)
  return bytes
}

/** What makes it a wheel, and things that setup leaves out. */
function extras(name: string): Record<string, Buffer> {
  const info = `${name.replaceAll('-', '_')}-${FAKE_VERSION}.dist-info`
  const text = {
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${FAKE_VERSION}\n`,
    [`${info}/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_27_x86_64\n',
    [`${info}/RECORD`]: '',
    'tensorflow/include/header.h': '// not needed\n'.repeat(1000),
    'tensorflow/python/_pywrap.so': 'not needed either',
  }
  return Object.fromEntries(Object.entries(text).map(([path, content]) => [path, Buffer.from(content)]))
}

/** A ZIP archive; texts are deflated, the rest is stored. */
export function zip(files: Readonly<Record<string, Buffer>>): Buffer {
  const bodies: Buffer[] = []
  const table: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(files)) {
    const deflated = deflateRawSync(content)
    const [method, data] = deflated.length < content.length ? [8, deflated] : [0, content]
    const path = Buffer.from(name)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(method, 4)
    shared.writeUInt32LE(crc32(content), 10)
    shared.writeUInt32LE(data.length, 14)
    shared.writeUInt32LE(content.length, 18)
    shared.writeUInt16LE(path.length, 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE((0o100755 << 16) >>> 0, 6)
    place.writeUInt32LE(offset, 10)
    bodies.push(Buffer.from('PK\x03\x04', 'latin1'), shared, path, data)
    table.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), shared, place, path)
    offset += 30 + path.length + data.length
  }
  const directory = Buffer.concat(table)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(files).length, 8)
  end.writeUInt16LE(Object.keys(files).length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, directory, end])
}
