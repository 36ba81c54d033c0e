import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { repriseCommand } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-command-'))
const local = join(folder, 'node_modules', '.bin')
const global = join(folder, 'bin')
for (const each of [local, global]) {
  mkdirSync(each, { recursive: true })
  writeFileSync(join(each, process.platform === 'win32' ? 'reprise.cmd' : 'reprise'), '')
}
afterAll(() => rmSync(folder, { recursive: true }))

it('names the command by itself where the path has it', () => {
  expect(repriseCommand('doctor', { PATH: [folder, global].join(delimiter) })).toBe('reprise doctor')
})

it('goes through npx elsewhere', () => {
  expect(repriseCommand('doctor', { PATH: folder })).toBe('npx --no reprise doctor')
  expect(repriseCommand('', {})).toBe('npx --no reprise')
})

it('takes a path that npm or pnpm made for this process for no path of the user', () => {
  expect(repriseCommand('', { PATH: global, npm_execpath: '/npm-cli.js' })).toBe('npx --no reprise')
  expect(repriseCommand('', { PATH: local })).toBe('npx --no reprise')
})
