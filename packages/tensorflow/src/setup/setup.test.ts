import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MANIFEST, type TensorFlowLibrary } from '../library.ts'
import { damageOf, readManifest } from './manifest.ts'
import { planSetup, removeTensorFlow, type SetupOptions, type SetupParts, setupTensorFlow } from './setup.ts'
import { processName } from './staging.ts'
import { FAKE_VERSION, type FakeWheels, fakeWheels } from './testing/fake-wheels.ts'
import { type FolderSource, folderSource } from './testing/folder-source.ts'

let top: string
let root: string
let wheels: FakeWheels
let source: FolderSource
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'reprise-setup-'))
  root = join(top, 'cache')
  wheels = fakeWheels(join(top, 'wheels'), true, 3000)
  source = folderSource(join(top, 'wheels'))
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

function options(more: Partial<SetupParts> = {}): SetupOptions {
  const open = async () => ({ version: FAKE_VERSION })
  const parts = { root, pins: wheels.pins, source, open, locate: () => undefined, ...more }
  return { cuda: true, parts }
}
const folder = () => join(root, `cuda-${FAKE_VERSION}`)
const installed = (): TensorFlowLibrary => ({
  folder: join(folder(), 'tensorflow'),
  version: FAKE_VERSION,
  source: 'cache',
  cudaLibraries: [],
})

function expectWhole(): void {
  expect(damageOf(folder())).toBeUndefined()
  for (const [name, content] of Object.entries(wheels.files)) {
    expect(readFileSync(join(folder(), name)).equals(content)).toBe(true)
  }
  expect(readdirSync(root)).toEqual([`cuda-${FAKE_VERSION}`])
}

it('installs what is needed of every wheel, and says what', async () => {
  const seen = new Set<string>()
  const result = await setupTensorFlow({ ...options(), onProgress: ({ phase }) => seen.add(phase) })
  expectWhole()
  expect([...seen]).toEqual(['download', 'unpack', 'verify'])
  expect(result).toMatchObject({ folder: folder(), opened: FAKE_VERSION, resumed: 0 })
  expect(result.bytes).toBe(Object.values(wheels.files).reduce((sum, { length }) => sum + length, 0))
  expect(existsSync(join(folder(), 'tensorflow/include'))).toBe(false)
  expect(Object.keys(readManifest(folder())!.files).sort()).toEqual(Object.keys(wheels.files).sort())
})

it('a plan says what it takes, what is there, and changes nothing', async () => {
  const plan = await planSetup(options())
  expect(plan).toMatchObject({ folder: folder(), found: undefined, damage: undefined })
  expect(plan.need.installed).toBeGreaterThan(0)
  expect(existsSync(root)).toBe(false)
  await setupTensorFlow(options())
  const after = await planSetup(options({ locate: installed }))
  expect(after.found).toMatchObject({ version: FAKE_VERSION, library: { source: 'cache' } })
})

it('does not take a TensorFlow that does not open, is too old, or is of another Reprise', async () => {
  const elsewhere = (version: string): TensorFlowLibrary => ({ ...installed(), source: 'python', version })
  const why = async (more: Partial<SetupParts>) => (await planSetup(options(more))).refused?.why
  expect(await why({ locate: () => elsewhere('2.15.0'), open: async () => ({ version: '2.15.0' }) })).toBeUndefined()
  expect(await why({ locate: () => elsewhere('2.9.1'), open: async () => ({ untried: true }) })).toMatch(
    /older than 2\.12/,
  )
  expect(await why({ locate: () => elsewhere('2.15.0'), open: async () => ({ problem: 'no' }) })).toMatch(
    /does not open/,
  )
  expect(await why({ locate: () => ({ ...installed(), version: '9.8.6' }) })).toMatch(/is tested with 9\.8\.7/)
})

it('replaces a damaged installation', async () => {
  await setupTensorFlow(options())
  appendFileSync(join(folder(), 'tensorflow/libtensorflow_cc.so.2'), 'x')
  const plan = await planSetup(options({ locate: installed }))
  expect(plan.damage).toMatch(/libtensorflow_cc\.so\.2 has 3001 bytes in place of 3000/)
  expect(plan.found).toBeUndefined()
  await setupTensorFlow(options())
  expectWhole()
})

it('goes on with what a failed setup had, and fetches only the rest', async () => {
  let left = 2
  const failing = {
    ...source,
    fetch: (...args: Parameters<FolderSource['fetch']>) => {
      if (left-- === 0) throw new Error('the network is gone')
      return source.fetch(...args)
    },
  }
  await expect(setupTensorFlow(options({ source: failing }))).rejects.toThrow('the network is gone')
  expect(existsSync(folder())).toBe(false)
  const before = [...source.fetched]
  expect(before).toHaveLength(2)
  const { resumed } = await setupTensorFlow(options())
  expect(resumed).toBeGreaterThan(0)
  expect(source.fetched).toEqual(wheels.pins.wheels.map(({ name }) => name))
  expectWhole()
})

it('takes over from a process that is gone, whatever it left', async () => {
  const dead = join(root, `.setup-cuda-${FAKE_VERSION}-999999999-5`)
  mkdirSync(join(dead, 'done'), { recursive: true })
  mkdirSync(join(dead, 'tmp/pip-x'), { recursive: true })
  mkdirSync(join(dead, 'wheels'), { recursive: true })
  const name = readdirSync(join(top, 'wheels'))[0]!
  writeFileSync(join(dead, 'wheels', name), readFileSync(join(top, 'wheels', name)).subarray(0, 500))
  writeFileSync(
    join(dead, 'done', `${wheels.pins.wheels[1]!.name}.json`),
    '{"sha256": "of another wheel", "files": {}}',
  )
  writeFileSync(join(dead, 'done', `${wheels.pins.wheels[2]!.name}.json`), '{"sha2')
  mkdirSync(join(root, '.trash-1-2-cuda'), { recursive: true })
  mkdirSync(join(root, '.setup-cpu-1.0.0-999999999-6'), { recursive: true })
  await setupTensorFlow(options())
  expectWhole()
})

it('leaves the setup of another process alone', async () => {
  const other = `.setup-cuda-${FAKE_VERSION}-${processName(process.ppid)}`
  mkdirSync(join(root, other, 'wheels'), { recursive: true })
  await setupTensorFlow(options())
  expect(readdirSync(root).sort()).toEqual([other, `cuda-${FAKE_VERSION}`])
  expect(removeTensorFlow({ parts: { root } }).map((each) => each.folder)).toEqual([folder()])
  expect(readdirSync(root)).toEqual([other])
})

it('an installation that does not open is thrown away, and the earlier one stays', async () => {
  await setupTensorFlow(options())
  const open = async () => ({ problem: 'libstdc++ is too old' })
  await expect(setupTensorFlow(options({ open }))).rejects.toMatchObject({
    code: 'RPR_SETUP_DAMAGED',
    message: expect.stringContaining('libstdc++ is too old'),
  })
  expectWhole()
  const other = async () => ({ version: '1.0.0' })
  await expect(setupTensorFlow(options({ open: other }))).rejects.toMatchObject({ code: 'RPR_SETUP_DAMAGED' })
  expectWhole()
})

it('refuses at once where the disk is too small, with both numbers', async () => {
  const huge = wheels.pins.wheels.map((wheel) => ({ ...wheel, installed: 1e18 }))
  await expect(setupTensorFlow(options({ pins: { ...wheels.pins, wheels: huge } }))).rejects.toMatchObject({
    code: 'RPR_SETUP_SPACE',
    message: expect.stringMatching(/needs \d+\.\d\d GB of free disk space while it works, and [\d.]+ [MG]B are free/),
  })
  expect(source.fetched).toEqual([])
  expect(readdirSync(root)).toEqual([])
})

it('stops when told to, and the next one finishes', async () => {
  const controller = new AbortController()
  const onProgress = ({ phase }: { phase: string }) => {
    if (phase === 'unpack') controller.abort()
  }
  await expect(setupTensorFlow({ ...options(), onProgress, signal: controller.signal })).rejects.toThrow(/abort/i)
  expect(existsSync(folder())).toBe(false)
  await setupTensorFlow(options())
  expectWhole()
})

it('removes by kind, or everything, and says how much', async () => {
  await setupTensorFlow(options())
  mkdirSync(join(root, 'cpu-1.2.3'), { recursive: true })
  writeFileSync(join(root, 'cpu-1.2.3', MANIFEST), '{}')
  expect(removeTensorFlow({ cuda: true, dryRun: true, parts: { root } })).toHaveLength(1)
  expectWholeBut('cpu-1.2.3')
  expect(removeTensorFlow({ cuda: true, parts: { root } })[0]!.bytes).toBeGreaterThan(3000)
  expect(readdirSync(root)).toEqual(['cpu-1.2.3'])
  expect(removeTensorFlow({ parts: { root } })).toEqual([{ folder: join(root, 'cpu-1.2.3'), bytes: 2 }])
  expect(readdirSync(root)).toEqual([])
  expect(removeTensorFlow({ parts: { root: join(top, 'none') } })).toEqual([])
})

function expectWholeBut(other: string): void {
  expect(damageOf(folder())).toBeUndefined()
  expect(readdirSync(root).sort()).toEqual([other, `cuda-${FAKE_VERSION}`].sort())
}
