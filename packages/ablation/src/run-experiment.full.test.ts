import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runExperiment } from './run-experiment.ts'
import { readSummary } from './summary.ts'

const program = [process.execPath, fileURLToPath(new URL('../../cli/bin/reprise.mjs', import.meta.url))] as const

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-run-experiment-'))
  mkdirSync(join(root, 'tiny'))
  const arms = 'ppo: { algo: ppo, env: CartPole-v1, steps: 1024, set: { evalEvery: 512, finalEpisodes: 5 }, bar: 1 }'
  writeFileSync(
    join(root, 'tiny', 'experiment.yaml'),
    `{ name: tiny, claim: It runs., seeds: 1..2, arms: { ${arms} } }`,
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('trains every seed, skips what is finished, and trains a lost one to the same bits', async () => {
  const lines: string[] = []
  const run = () => {
    lines.length = 0
    const print = (line: string) => lines.push(line)
    return runExperiment(join(root, 'tiny'), { program: [...program], jobs: 2, runs: join(root, 'runs'), print })
  }
  const summary = () => readSummary(join(root, 'tiny', 'results', 'summary.json'))!
  expect(await run()).toBe(0)
  expect(lines[0]).toBe('2 runs: 0 finished, 2 to do, 2 at a time')
  const first = summary()
  expect(first.arms[0]).toMatchObject({ wanted: 2, met: true, seeds: { length: 2 } })
  expect(existsSync(join(root, 'tiny', 'results', 'CartPole-v1.svg'))).toBe(true)
  expect(readFileSync(join(root, 'tiny', 'results', 'report.md'), 'utf8')).toContain('| ppo |')

  expect(await run()).toBe(0)
  expect(lines[0]).toBe('2 runs: 2 finished, 0 to do, 1 at a time')
  expect(summary()).toEqual(first)

  rmSync(join(root, 'runs', 'tiny', 'ppo', 'seed-2'), { recursive: true })
  expect(await run()).toBe(0)
  expect(lines[0]).toBe('2 runs: 1 finished, 1 to do, 1 at a time')
  const hashes = (s: typeof first) => s.arms[0]!.seeds.map((seed) => seed.parameterHash)
  expect(hashes(summary())).toEqual(hashes(first))
})

test('an arm that cannot be trained is reported and fails the command', async () => {
  mkdirSync(join(root, 'wrong'))
  const arms = 'a: { algo: ppo, env: NoSuchEnv-v0, steps: 10 }'
  writeFileSync(join(root, 'wrong', 'experiment.yaml'), `{ name: wrong, claim: No., seeds: [1], arms: { ${arms} } }`)
  const lines: string[] = []
  const print = (line: string) => lines.push(line)
  expect(await runExperiment(join(root, 'wrong'), { program: [...program], runs: join(root, 'runs'), print })).toBe(1)
  expect(lines.join('\n')).toMatch(/a seed 1: ended with exit code 2[\s\S]*NoSuchEnv-v0/)
})
