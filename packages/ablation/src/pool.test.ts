import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Ended, runPool } from './pool.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'reprise-pool-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const program = [process.execPath, '-e'] as const
const task = (name: string, script: string) => ({ args: [script], log: join(root, 'logs', name) })

test('every task runs, never more than so many at a time, and failures show what they printed', async () => {
  let running = 0
  let most = 0
  const ends: Ended[] = []
  const scripts = [
    'console.log(1)',
    'console.log("a\\nb\\nc\\nd\\ne"); process.exit(3)',
    'console.log(2)',
    'console.log(3)',
  ]
  const missing = await runPool(
    scripts.map((script, i) => task(`${i}.log`, script)),
    {
      program: [...program],
      jobs: 2,
      started: () => {
        most = Math.max(most, ++running)
      },
      ended: (_, end) => {
        running--
        ends.push(end)
      },
    },
  )
  expect(missing).toBe(1)
  expect(most).toBe(2)
  expect(ends).toHaveLength(4)
  expect(ends.find((end) => end.exitCode !== 0)).toMatchObject({ exitCode: 3, output: 'b\nc\nd\ne' })
  expect(readFileSync(join(root, 'logs', '3.log'), 'utf8')).toBe('3\n')
})

test('an interrupt reaches the processes that run, and no other one begins', async () => {
  let interrupt = () => {}
  const saves = 'process.on("SIGINT", () => process.exit(130)); setInterval(() => {}, 1000); console.log("ready")'
  const started: string[] = []
  const codes: number[] = []
  const log = join(root, 'logs', 'a')
  const done = runPool([task('a', saves), task('b', 'console.log("never")')], {
    program: [...program],
    jobs: 1,
    onInterrupt: (stop) => {
      interrupt = stop
    },
    started: ({ log: path }) => started.push(path),
    ended: (_, { exitCode }) => codes.push(exitCode),
  })
  while (!readFileSync(log, { encoding: 'utf8', flag: 'a+' }).includes('ready'))
    await new Promise((r) => setTimeout(r, 20))
  interrupt()
  expect(await done).toBe(2)
  expect(started).toEqual([log])
  expect(codes).toEqual([130])
})
