import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runEnv } from './env.ts'
import { measure } from './measure.ts'

it('measures each width and the single environment, and writes what it measured', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  const out = join(folder, 'env.json')
  const saved = process.env['REPRISE_RIVALS']
  // A folder without Python: the rivals' rows are left out.
  process.env['REPRISE_RIVALS'] = folder
  try {
    runEnv(['--only', 'Taxi-v4', '--widths', '8', '--seconds', '0.005', '--repetitions', '3', '--out', out])
    const { rows, rivals } = JSON.parse(readFileSync(out, 'utf8'))
    expect(rivals).toBeUndefined()
    expect(rows.map((row: { env: string; width: number }) => [row.env, row.width])).toEqual([
      ['Taxi-v4', 0],
      ['Taxi-v4', 8],
    ])
    for (const { reprise } of rows) {
      expect(reprise.worst).toBeGreaterThan(0)
      expect(reprise.best).toBeGreaterThanOrEqual(reprise.median)
    }
  } finally {
    if (saved === undefined) delete process.env['REPRISE_RIVALS']
    else process.env['REPRISE_RIVALS'] = saved
    rmSync(folder, { recursive: true })
  }
})

it('refuses what it does not know', () => {
  expect(() => runEnv(['--only', 'CartPole-v7'])).toThrow(/--only CartPole-v7: no such environment/)
  expect(() => runEnv(['--widths', '0'])).toThrow(/--widths 0: it takes integers >= 1/)
})

it('counts steps', () => {
  let calls = 0
  const { worst, best } = measure(() => calls++, 10, { seconds: 0.001, repetitions: 3 })
  expect(calls).toBeGreaterThan(5)
  expect(best).toBeGreaterThanOrEqual(worst)
})
