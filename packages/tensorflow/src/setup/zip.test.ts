import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { zip } from './testing/fake-wheels.ts'
import { extract, readZip } from './zip.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-zip-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const files = {
  'a/text.txt': Buffer.from('hello '.repeat(5000)),
  'a/b/random.bin': Buffer.from(Uint8Array.from({ length: 250 }, (_, i) => (i * 149 + 7) % 251)),
  'empty.txt': Buffer.alloc(0),
}

function archive(name: string, content: Buffer): string {
  const path = join(root, name)
  writeFileSync(path, content)
  return path
}

it('reads and extracts stored, deflated and empty files, with their permissions', async () => {
  const path = archive('good.whl', zip(files))
  const entries = await readZip(path)
  expect(entries.map(({ name, size, method }) => [name, size, method])).toEqual([
    ['a/text.txt', 30_000, 8],
    ['a/b/random.bin', 250, 0],
    ['empty.txt', 0, 0],
  ])
  let seen = 0
  for (const entry of entries) await extract(path, entry, join(root, 'out'), (bytes) => (seen += bytes))
  expect(seen).toBe(30_250)
  for (const [name, content] of Object.entries(files)) {
    expect(readFileSync(join(root, 'out', name)).equals(content)).toBe(true)
  }
  expect(statSync(join(root, 'out', 'a/text.txt')).mode & 0o777).toBe(0o755)
})

it('says that an archive is damaged: cut short, a flipped byte, a path that leaves the folder', async () => {
  const whole = zip(files)
  const code = { code: 'RPR_SETUP_DAMAGED' }
  for (const length of [0, 10, whole.length - 30]) {
    await expect(readZip(archive('short.whl', whole.subarray(0, length)))).rejects.toMatchObject(code)
  }
  for (const at of [42, 60, 70]) {
    const bytes = Buffer.from(whole)
    bytes[at]! ^= 0x40
    const path = archive('flipped.whl', bytes)
    const [entry] = await readZip(path)
    await expect(extract(path, entry!, join(root, 'bad'))).rejects.toMatchObject(code)
  }
  for (const name of ['../outside.txt', '/outside.txt', 'a/../../outside.txt']) {
    const path = archive('escape.whl', zip({ [name]: Buffer.from('x') }))
    const [entry] = await readZip(path)
    await expect(extract(path, entry!, join(root, 'inside'))).rejects.toMatchObject(code)
  }
})
