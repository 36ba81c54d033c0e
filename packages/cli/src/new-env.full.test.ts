import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main } from './main.ts'
import { testIo } from './testing/test-io.ts'

test('the environment that new-env writes is learnt', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-learn-'))
  const [file, out] = [join(folder, 'learn.ts'), join(folder, 'run')]
  expect(await main(['new-env', file], testIo())).toBe(0)
  const argv = ['train', '--algo', 'ppo', '--env', file, '--steps', '20000', '--out', out, '--set', 'evalEvery=0']
  expect(await main([...argv, '--quiet'], testIo())).toBe(0)
  const { score, successRate } = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'))
  expect(successRate).toBeGreaterThan(0.9)
  expect(score).toBeGreaterThan(0.5)
  rmSync(folder, { recursive: true, force: true })
})
