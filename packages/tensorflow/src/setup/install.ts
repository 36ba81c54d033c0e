/** Downloads, unpacks and verifies the pinned wheels, and puts them into place in one step. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RepriseError } from '@reprise/core'
import { damaged } from './errors.ts'
import { damageOf, sync, totalSize, writeManifest, wrongFile } from './manifest.ts'
import type { Opened } from './open-library.ts'
import { keeps, type PinnedWheel, type Pins, requiredFiles } from './pins.ts'
import { checkSpace, diskNeed } from './plan.ts'
import type { WheelSource } from './source.ts'
import { claim, discard, type Staging } from './staging.ts'
import { extract, readZip } from './zip.ts'

export interface Progress {
  readonly phase: 'download' | 'unpack' | 'verify'
  /** The wheel at hand; at verification the folder. */
  readonly what: string
  /** Bytes of all wheels together: of their downloads, or of what comes out of them. */
  readonly done: number
  readonly total: number
}

export interface InstallOptions {
  readonly folder: string
  readonly pins: Pins
  readonly source: WheelSource
  /** Opens what is in a folder `tensorflow`. */
  readonly open: (folder: string, signal?: AbortSignal) => Promise<Opened>
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Installed {
  /** What the opened library called itself; null where koffi is missing. */
  readonly opened: string | null
  /** Bytes in the folder. */
  readonly bytes: number
  /** Bytes that an interrupted setup had left ready. */
  readonly resumed: number
}

/** Written when a wheel is unpacked and on the disk. */
interface Done {
  readonly sha256: string
  readonly files: Readonly<Record<string, number>>
}

/**
 * An installation that is in `folder` already is replaced at the very end. Where the process ends before, `folder` is
 * what it was, and the next call goes on with what is complete.
 * @throws RPR_SETUP_SPACE, RPR_SETUP_DOWNLOAD, RPR_SETUP_DAMAGED, RPR_FILE_UNWRITABLE
 */
export async function install(options: InstallOptions): Promise<Installed> {
  const { folder, pins, signal } = options
  const root = dirname(folder)
  const staging = writable(root, () => claim(root, basename(folder)))
  const done = new Map<PinnedWheel, Done>()
  for (const wheel of pins.wheels) {
    const before = readDone(staging, wheel)
    if (before !== undefined) done.set(wheel, before)
  }
  const resumed = [...done.values()].reduce((sum, { files }) => sum + totalSize(files), 0)
  const left = pins.wheels.filter((wheel) => !done.has(wheel))
  try {
    checkSpace(root, creditFor(staging, left))
    const progress = new Meter(options, done)
    for (const wheel of left) {
      signal?.throwIfAborted()
      const path = await progress.downloading(wheel, staging, () =>
        options.source.fetch(wheel, staging.wheels, staging.tmp, signal),
      )
      done.set(wheel, await unpack(wheel, path, staging, progress, signal))
    }
  } catch (error) {
    if (done.size === 0 && readdirSync(staging.wheels).length === 0) discard(root, staging.folder)
    throw error
  }

  const files = Object.assign({}, ...[...done.values()].map((each) => each.files)) as Record<string, number>
  options.onProgress?.({ phase: 'verify', what: folder, done: 0, total: 0 })
  const opened = await verify(options, staging, files)
  for (const each of foldersOf(Object.keys(files))) sync(join(staging.out, each))
  writeManifest(staging.out, {
    format: 1,
    version: pins.version,
    cuda: pins.cuda,
    opened,
    installed: new Date().toISOString(),
    wheels: pins.wheels.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
    files,
  })
  publish(root, staging, folder)
  return { opened, bytes: totalSize(files), resumed }
}

/** A complete download that is there already takes no more space. */
function creditFor(staging: Staging, left: readonly PinnedWheel[]) {
  const need = diskNeed(left)
  const present = readdirSync(staging.wheels).map((name) => statSync(join(staging.wheels, name)).size)
  return { ...need, peak: Math.max(0, need.peak - present.reduce((sum, size) => sum + size, 0)) }
}

async function unpack(
  wheel: PinnedWheel,
  path: string,
  staging: Staging,
  progress: Meter,
  signal: AbortSignal | undefined,
): Promise<Done> {
  const files: Record<string, number> = {}
  const kept = (await readZip(path)).filter(({ name }) => !name.endsWith('/') && keeps(name))
  for (const entry of kept) {
    signal?.throwIfAborted()
    await extract(path, entry, staging.out, (count) => progress.unpacked(wheel, count))
    files[entry.name] = entry.size
  }
  const record = { sha256: wheel.sha256, files }
  const note = join(staging.done, `${wheel.name}.json`)
  writeFileSync(`${note}.new`, JSON.stringify(record), { flush: true })
  renameSync(`${note}.new`, note)
  rmSync(path)
  return record
}

function foldersOf(files: readonly string[]): Set<string> {
  const folders = new Set<string>(['.'])
  for (const file of files) {
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) folders.add(folder)
  }
  return folders
}

function readDone(staging: Staging, wheel: PinnedWheel): Done | undefined {
  try {
    const done = JSON.parse(readFileSync(join(staging.done, `${wheel.name}.json`), 'utf8')) as Done
    return done.sha256 === wheel.sha256 && wrongFile(staging.out, done.files) === undefined ? done : undefined
  } catch {
    return undefined
  }
}

/** @throws RPR_SETUP_DAMAGED; the folder is then thrown away, because going on with it would end the same way */
async function verify(
  { folder, pins, open, signal }: InstallOptions,
  staging: Staging,
  files: Readonly<Record<string, number>>,
): Promise<string | null> {
  const problem =
    requiredFiles(pins.cuda)
      .filter((file) => !Object.hasOwn(files, file))
      .map((file) => `${file} is missing`)[0] ?? wrongFile(staging.out, files)
  if (problem !== undefined) {
    discard(dirname(folder), staging.folder)
    throw damaged(folder, problem)
  }
  const opened = await open(join(staging.out, 'tensorflow'), signal)
  if (opened.untried) return null
  if (opened.version === pins.version) return opened.version
  discard(dirname(folder), staging.folder)
  throw damaged(
    folder,
    opened.problem !== undefined
      ? `the library does not open: ${opened.problem}`
      : `the library calls itself ${opened.version} in place of ${pins.version}`,
  )
}

/** Until the last rename there is no new installation, after it there is. */
function publish(root: string, staging: Staging, folder: string): void {
  writable(folder, () => {
    // Another setup may have been faster, or what lies there is damaged or to be replaced.
    if (existsSync(folder)) discard(root, folder)
    renameSync(staging.out, folder)
    sync(root)
    discard(root, staging.folder)
  })
  const problem = damageOf(folder)
  if (problem !== undefined) throw damaged(folder, problem)
}

function writable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof RepriseError) throw cause
    throw new RepriseError('RPR_FILE_UNWRITABLE', `'${path}' cannot be written: ${(cause as Error).message}.`, {
      value: path,
      hint: 'Set XDG_CACHE_HOME to a folder that can be.',
      cause,
    })
  }
}

/** Counts bytes over all wheels. A download is watched from outside: pip says little of it, and each version says it otherwise. */
class Meter {
  readonly #options: InstallOptions
  readonly #download: number
  readonly #installed: number
  #downloaded = 0
  #unpacked = 0

  constructor(options: InstallOptions, done: ReadonlyMap<PinnedWheel, Done>) {
    const { wheels } = options.pins
    this.#options = options
    this.#download = wheels.reduce((sum, { download }) => sum + download, 0)
    this.#installed = wheels.reduce((sum, { installed }) => sum + installed, 0)
    for (const wheel of done.keys()) {
      this.#downloaded += wheel.download
      this.#unpacked += wheel.installed
    }
  }

  async downloading<T>(wheel: PinnedWheel, { tmp, wheels }: Staging, work: () => Promise<T>): Promise<T> {
    const tell = (bytes: number) => this.report('download', wheel.name, this.#downloaded + bytes)
    tell(0)
    const timer = setInterval(() => tell(Math.min(wheel.download, Math.max(largest(tmp), largest(wheels)))), 250)
    try {
      const result = await work()
      this.#downloaded += wheel.download
      tell(0)
      return result
    } finally {
      clearInterval(timer)
    }
  }

  unpacked({ name }: PinnedWheel, bytes: number): void {
    this.#unpacked += bytes
    this.report('unpack', name, this.#unpacked)
  }

  report(phase: 'download' | 'unpack', what: string, done: number): void {
    const total = phase === 'download' ? this.#download : this.#installed
    this.#options.onProgress?.({ phase, what, done, total })
  }
}

/** Size of the largest file below a folder; it may change while it is read. */
function largest(folder: string): number {
  let most = 0
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue
      most = Math.max(most, statSync(join(entry.parentPath ?? entry.path, entry.name)).size)
    }
  } catch {
    return most
  }
  return most
}
