import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { main } from '../main.ts'
import { testIo } from '../testing/test-io.ts'

let cache: string
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'reprise-cli-setup-'))
  vi.stubEnv('XDG_CACHE_HOME', cache)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(cache, { recursive: true, force: true })
})

async function run(...argv: string[]) {
  const io = testIo()
  return { code: await main(['setup', ...argv], io), text: io.text() }
}

it('knows what it installs', async () => {
  expect(await run('torch')).toMatchObject({ code: 2, text: expect.stringContaining('It installs: tensorflow.') })
  expect(await run('tensorflow', '--remove', '--force')).toMatchObject({ code: 2 })
})

it('a dry run says what, where and how large, and leaves nothing', async () => {
  const { text } = await run('tensorflow', '--cuda', '--dry-run', '--force')
  expect(text).toContain('download   3.31 GB, 12 wheels, versions and hashes pinned')
  expect(text).toContain(`installed  5.12 GB in ${join(cache, 'reprise/tensorflow/cuda-2.21.0')}`)
  expect(text).toMatch(/disk {7}\d+\.\d\d GB needed while it works, /)
  expect(readdirSync(cache)).toEqual([])
})

it('without a usable Python it says what to install, and leaves nothing', async () => {
  vi.stubEnv('PYTHON', join(cache, 'no-python'))
  const { code, text } = await run('tensorflow', '--force')
  expect(code).toBe(2)
  // Another platform is refused first.
  expect(text).toMatch(/error RPR_SETUP_(PYTHON|PLATFORM)/)
  expect(readdirSync(cache)).toEqual([])
})

it('removes what setup installed', async () => {
  expect((await run('tensorflow', '--remove')).text).toMatch(/nothing to remove/)
  const folder = join(cache, 'reprise/tensorflow/cpu-2.0.0')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'file'), 'x'.repeat(100_000))
  expect((await run('tensorflow', '--remove', '--dry-run')).text).toBe(`Would remove ${folder} (0.1 MB).`)
  expect(await run('tensorflow', '--remove')).toEqual({ code: 0, text: `Removed ${folder} (0.1 MB).` })
  expect(readdirSync(join(cache, 'reprise/tensorflow'))).toEqual([])
})
