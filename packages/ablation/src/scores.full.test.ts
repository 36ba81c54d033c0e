/** The bars of the baselines, run anew: every arm and seed, apart from the committed results. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runExperiment } from './run-experiment.ts'
import { readSummary } from './summary.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-scores-'))
  const source = fileURLToPath(new URL('../../../experiments/baselines/experiment.yaml', import.meta.url))
  cpSync(source, join(root, 'baselines', 'experiment.yaml'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('every arm of the baselines meets its bar with every seed run', async () => {
  const reprise = fileURLToPath(new URL('../../cli/bin/reprise.mjs', import.meta.url))
  const options = { program: [process.execPath, reprise] as const, runs: join(root, 'runs'), print: () => {} }
  expect(await runExperiment(join(root, 'baselines'), options)).toBe(0)
  const { arms } = readSummary(join(root, 'baselines', 'results', 'summary.json'))!
  expect(arms).toHaveLength(5)
  for (const { name, wanted, seeds, met } of arms) {
    expect({ name, seeds: seeds.length, met }).toEqual({ name, seeds: wanted, met: true })
  }
})
