import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from './main.ts'
import { testIo } from './testing/test-io.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-new-'))
  // As `npm init` leaves it: .js and .ts files here are CommonJS to Node.js.
  writeFileSync(join(folder, 'package.json'), '{"name":"mine","type":"commonjs"}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(...argv: string[]): Promise<string> {
  const io = testIo()
  const code = await main(argv, io)
  expect(io.errLines).toEqual([])
  expect(code).toBe(0)
  return io.text()
}

test.each([
  ['default.ts', 'export default'],
  ['default.js', 'export default'],
  ['named.ts', 'export const walk ='],
  ['named.js', 'export const walk ='],
])('%s: new-env, check-env, train, eval', async (name, exported) => {
  const file = join(folder, name)
  expect(await run('new-env', file)).toContain(`check-env ${file}`)
  const text = readFileSync(file, 'utf8')
  expect(text.split('\n').length - 1).toBeLessThan(40)
  expect(text.split('\n').every((line) => line.length <= 120)).toBe(true)
  writeFileSync(file, text.replace('export default', exported))

  const checked = await run('check-env', file, '--env-set', 'size=5')
  expect(checked).toContain('It passes every check.')
  expect(checked).toContain('snapshots    yes')

  const out = join(folder, `run-${name}`)
  const small = ['--set', 'numEnvs=2', '--set', 'epochs=1', '--set', 'hidden=8', '--set', 'finalEpisodes=2', '--quiet']
  await run('train', '--algo', 'ppo', '--env', file, '--steps', '600', '--out', out, '--env-set', 'size=5', ...small)
  expect(existsSync(join(out, 'checkpoints'))).toBe(true)
  expect(readFileSync(join(out, 'config.yaml'), 'utf8')).toContain(file)
  expect(await run('eval', out, '--episodes', '3')).toMatch(/mean reward +-?\d+\.\d+/)
})
