import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pcg64 } from '@reprise/core'
import { afterAll, expect, test } from 'vitest'
import { damaged, damagedStates } from '../testing/damage.ts'
import { killSaves } from '../testing/kill-saves.ts'
import { draws, Session } from '../testing/replays.ts'
import { loadReplay, saveReplay } from './replay-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-file-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a file restores the replay: the next 1 000 draws are bit-identical, and a file of it again is equal', () => {
  const path = join(folder, 'whole.bin')
  const draw = draws['proportional']!
  const one = new Session({ draw }).collect(100)
  one.draw(9)
  saveReplay(one.replay, path)
  const two = new Session({ draw }).collect(100)
  two.draw(9)
  const fresh = new Session({ draw }, 50).replay
  loadReplay(fresh, path)
  Object.assign(two, { replay: fresh })
  saveReplay(fresh, join(folder, 'again.bin'))
  expect(readFileSync(join(folder, 'again.bin')).equals(readFileSync(path))).toBe(true)
  expect(two.draw(1000)).toBe(one.draw(1000))
})

test('a file of a replay that is not full holds no empty slots', () => {
  const path = join(folder, 'small.bin')
  saveReplay(new Session({ capacity: 100_000 }).collect(10).replay, path)
  const plain = readFileSync(path).length
  saveReplay(new Session({ capacity: 100_000 }).collect(20).replay, path)
  // Observation, action, mask and memory: 35 bytes, and 13 of the store; three streams.
  expect(readFileSync(path).length - plain).toBeLessThan(10 * 3 * 80)
})

test('a missing file, another file and another version are named', () => {
  const { replay } = new Session({})
  const path = join(folder, 'other.bin')
  expect(() => loadReplay(replay, path)).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  writeFileSync(path, 'something else, long enough to hold all of the fixed parts of a file')
  expect(() => loadReplay(replay, path)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_CORRUPT' }))
  saveReplay(replay, path)
  const bytes = readFileSync(path)
  bytes.writeUInt32LE(7, 8)
  writeFileSync(path, bytes)
  expect(() => loadReplay(replay, path)).toThrow(expect.objectContaining({ code: 'RPR_REPLAY_VERSION' }))
})

test('100 damaged files, and 300 states that a checksum would let pass: a coded error every time', () => {
  expect(damaged(100, folder)).toEqual([])
  expect(damagedStates(300, folder)).toEqual([])
})

test('a process killed while it saves leaves a complete file (4 kills)', async () => {
  const rng = new Pcg64(8)
  expect(await killSaves(4, () => rng.integers(60))).toMatchObject({ loaded: 4 })
}, 120_000)
