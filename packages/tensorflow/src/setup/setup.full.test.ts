/** A setup that is killed at random moments, through pip, with small wheels from a folder in place of the index. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Pcg64 } from '@reprise/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { damageOf } from './manifest.ts'
import { removeTensorFlow } from './setup.ts'
import { FAKE_VERSION, type FakeWheels, fakeWheels } from './testing/fake-wheels.ts'

const child = fileURLToPath(new URL('./testing/setup-child.ts', import.meta.url))
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const KILLS = 20

let top: string
let wheels: FakeWheels
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'reprise-setup-kill-'))
  wheels = fakeWheels(join(top, 'wheels'), true, 1e6)
  writeFileSync(join(top, 'pins.json'), JSON.stringify(wheels.pins))
})
afterAll(() => rmSync(top, { recursive: true, force: true }))

/** Resolves to the last thing it was doing where it was killed, to undefined where it ended well before. */
function setup(root: string, killAfter?: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const args = ['--import', tsx, child, join(top, 'wheels'), join(top, 'pins.json'), root]
    const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let last = ''
    running.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (last === '' && killAfter !== undefined) setTimeout(() => running.kill('SIGKILL'), killAfter)
      last = text.trim().split('\n').at(-1)!
    })
    running.on('error', reject)
    running.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(last)
      else if (code === 0) resolve(undefined)
      else reject(new Error(`setup ended with ${code ?? signal}`))
    })
  })
}

/** Command lines of processes that name `folder`. */
function processesNaming(folder: string): string[] {
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      } catch {
        return ''
      }
    })
  return lines.filter((line) => line.includes(folder))
}

const folderIn = (root: string) => join(root, `cuda-${FAKE_VERSION}`)

function expectWhole(root: string): void {
  expect(damageOf(folderIn(root))).toBeUndefined()
  for (const [name, content] of Object.entries(wheels.files)) {
    expect(readFileSync(join(folderIn(root), name)).equals(content)).toBe(true)
  }
}

it(`a setup killed at ${KILLS} random moments leaves nothing half-usable, and the next one finishes`, async () => {
  const root = join(top, 'cache')
  const began = performance.now()
  await setup(root)
  const whole = performance.now() - began
  expectWhole(root)
  removeTensorFlow({ parts: { root } })
  const rng = new Pcg64(11)
  const phases: string[] = []
  while (phases.length < KILLS) {
    // Some are killed again while they go on with what the one before left.
    const last = await setup(root, rng.uniform(0, whole))
    await expect.poll(() => processesNaming(root), { timeout: 20_000 }).toEqual([])
    if (existsSync(folderIn(root))) expectWhole(root)
    if (last !== undefined) phases.push(last.split(' ')[0]!)
    if (last === undefined || rng.random() < 0.5) {
      if (last !== undefined) await setup(root)
      expectWhole(root)
      expect(readdirSync(root)).toEqual([`cuda-${FAKE_VERSION}`])
      removeTensorFlow({ parts: { root } })
      expect(readdirSync(root)).toEqual([])
    }
  }
  await setup(root)
  expectWhole(root)
  expect(new Set(phases).size).toBeGreaterThan(1)
})
