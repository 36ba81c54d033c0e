import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { damaged, damagedStates } from '../testing/damage.ts'
import { killSaves } from '../testing/kill-saves.ts'

test('a process killed at 200 random instants while it saves always leaves a complete file', async () => {
  const rng = new Pcg64(9)
  const { loaded, midSave } = await killSaves(200, () => rng.integers(100))
  expect(loaded).toBe(200)
  expect(midSave).toBeGreaterThan(20)
})

test('1 000 damaged files and 3 000 states that a checksum would let pass: a coded error every time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'replay-damage-'))
  try {
    expect(damaged(1000, folder)).toEqual([])
    expect(damagedStates(3000, folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
