import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { formatEnvRef, parseEnvRef } from './env-ref.ts'

const from = resolve('/somewhere')
const file = (path: string, exportName?: string) => ({ kind: 'file', path: resolve(from, path), exportName })

test.each([
  ['CartPole-v1', { kind: 'id', id: 'CartPole-v1' }],
  ['mine/Maze-v0', { kind: 'id', id: 'mine/Maze-v0' }],
  ['maze.ts', file('maze.ts')],
  ['./maze.mjs', file('maze.mjs')],
  ['../maze', file('../maze')],
  ['envs/maze.js#Maze', file('envs/maze.js', 'Maze')],
  ['~/maze.ts', file(join(homedir(), 'maze.ts'))],
  [pathToFileURL(resolve('/a b/maze.ts')).href, file(resolve('/a b/maze.ts'))],
])('%s', (ref, expected) => {
  const parsed = parseEnvRef(ref, from)
  expect(parsed).toEqual(expected)
  expect(parseEnvRef(formatEnvRef(parsed), resolve('/elsewhere'))).toEqual(parsed)
})

test('a file whose name holds a # is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-ref-'))
  writeFileSync(join(folder, 'a#b.ts'), '')
  expect(parseEnvRef('./a#b.ts', folder)).toEqual({ kind: 'file', path: join(folder, 'a#b.ts'), exportName: undefined })
  rmSync(folder, { recursive: true })
})
