import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { prepare } from './prepare.ts'
import { run } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-arpo-replay-'))

it('chooses tasks of the rate asked for, disjoint, and makes the base policy once', async () => {
  const base = join(folder, 'base')
  const [few, many] = [await prepare(base, 'ToolChain-v0', 0.02), await prepare(base, 'ToolChain-v0', 0.3)]
  const numbers = [few, many].flatMap(({ kept, heldOut }) => [...kept, ...heldOut]).map(({ seed }) => seed)
  numbers.push(...few.hopeless.map(({ seed }) => seed))
  expect(new Set(numbers).size).toBe(24 * 5)
  expect(few.policy).toBe(many.policy)

  // A job measures what its tasks promise: before any training to speak of most groups fail, or few do.
  const job = (name: string, rate: number) => {
    const set = { env: 'ToolChain-v0', steps: 1500, base: rate, algo: 'arpo' }
    return run({ seed: 1, out: join(folder, name, 'seed-1'), set })
  }
  const made = statSync(join(base, 'ToolChain-v0', 'rates.json')).mtimeMs
  const hard = await job('hard', 0.02)
  const easy = await job('easy', 0.3)
  expect(statSync(join(base, 'ToolChain-v0', 'rates.json')).mtimeMs).toBe(made)
  expect(readdirSync(folder).sort()).toEqual(['base', 'easy', 'hard'])
  expect(hard.metrics.all_fail_share).toBeGreaterThan(0.6)
  expect(easy.metrics.all_fail_share).toBeLessThan(0.3)
  expect(easy.metrics.success).toBeGreaterThan(hard.metrics.success)
  expect(existsSync(join(folder, 'hard', 'seed-1', 'run', 'result.json'))).toBe(true)
}, 180_000)
