/** `reprise setup tensorflow` as functions. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cacheFolder, installFolder, locateTensorFlow, type TensorFlowLibrary } from '../library.ts'
import { type Installed, install, type Progress } from './install.ts'
import { damageOf, readManifest, totalSize } from './manifest.ts'
import { type Opened, openLibrary } from './open-library.ts'
import { type Pins, pins as pinned } from './pins.ts'
import { pipSource } from './pip-source.ts'
import { type DiskNeed, diskNeed, freeSpace } from './plan.ts'
import type { WheelSource } from './source.ts'
import { abandoned, discard, emptyTrash } from './staging.ts'

export interface SetupOptions {
  /** The CUDA build with NVIDIA's libraries. */
  readonly cuda?: boolean
  /** Install although a TensorFlow is there; replaces an installation of ours. */
  readonly force?: boolean
  readonly onProgress?: (progress: Progress) => void
  /** Stops it; what is complete stays for the next time. */
  readonly signal?: AbortSignal
  /** Of tests: other wheels, from elsewhere, to another place, without opening a library. */
  readonly parts?: Partial<SetupParts>
}

export interface SetupParts {
  readonly root: string
  readonly pins: Pins
  readonly source: WheelSource
  readonly open: (folder: string, signal?: AbortSignal) => Promise<Opened>
  readonly locate: (cuda: boolean) => TensorFlowLibrary | undefined
}

export interface SetupPlan {
  /** Where an installation goes. */
  readonly folder: string
  readonly pins: Pins
  readonly need: DiskNeed
  /** Bytes free there now. */
  readonly free: number
  /** Why an installation that is in `folder` cannot stay as it is. */
  readonly damage: string | undefined
  /** A TensorFlow that is there and serves, with what it calls itself. */
  readonly found: { readonly library: TensorFlowLibrary; readonly version: string } | undefined
  /** One that is there and does not, and why. */
  readonly refused: { readonly library: TensorFlowLibrary; readonly why: string } | undefined
}

/** The oldest TensorFlow that the binding is known to work with. */
const OLDEST_VERSION = '2.12'

/** Looks, and changes nothing. */
export async function planSetup(options: SetupOptions = {}): Promise<SetupPlan> {
  const cuda = options.cuda ?? false
  const { root, pins, open, locate } = partsOf(options)
  const folder = join(root, basename(installFolder(cuda, pins.version)))
  const damage = existsSync(folder) ? damageOf(folder) : undefined
  const library = locate(cuda)
  const seen = library && damage === undefined ? await judge(library, pins, open, options.signal) : undefined
  return {
    folder,
    pins,
    need: diskNeed(pins.wheels),
    free: freeSpace(root),
    damage,
    found: seen?.version === undefined ? undefined : { library: library!, version: seen.version },
    refused: seen?.problem === undefined ? undefined : { library: library!, why: seen.problem },
  }
}

async function judge(
  library: TensorFlowLibrary,
  { version }: Pins,
  open: SetupParts['open'],
  signal: AbortSignal | undefined,
): Promise<Opened> {
  if (library.source === 'cache' && library.version !== version) {
    return { problem: `it is ${library.version}, and this Reprise is tested with ${version}` }
  }
  // TensorFlow.js opens its own library by itself.
  if (library.source === 'official-binding') return { version: library.version }
  const opened = await open(library.folder, signal)
  const called = opened.version ?? library.version
  if (opened.problem !== undefined) return { problem: `it does not open: ${opened.problem}` }
  if (called.localeCompare(OLDEST_VERSION, 'en', { numeric: true }) < 0 && called !== 'unknown') {
    return { problem: `it is ${called}, older than ${OLDEST_VERSION}` }
  }
  return { version: called }
}

export interface SetupResult extends Installed {
  readonly folder: string
  readonly seconds: number
}

/**
 * Installs the pinned TensorFlow's libraries into the cache folder, whatever else is there: {@link planSetup} says whether
 * that is needed. Interrupted at any moment, it leaves an earlier installation as it was or the new one whole.
 * @throws RPR_SETUP_PLATFORM, RPR_SETUP_PYTHON, RPR_SETUP_SPACE, RPR_SETUP_DOWNLOAD, RPR_SETUP_DAMAGED, RPR_FILE_UNWRITABLE
 */
export async function setupTensorFlow(options: SetupOptions = {}): Promise<SetupResult> {
  const started = performance.now()
  const { root, pins, source, open } = partsOf(options)
  const folder = join(root, basename(installFolder(pins.cuda, pins.version)))
  source.check()
  emptyTrash(root)
  const { onProgress, signal } = options
  const installed = await install({ folder, pins, source, open, onProgress, signal })
  return { ...installed, folder, seconds: (performance.now() - started) / 1000 }
}

/** What the plan's source of wheels is. @throws RPR_SETUP_PLATFORM, RPR_SETUP_PYTHON where it cannot work here */
export function checkSource(options: SetupOptions = {}): string {
  return partsOf(options).source.check()
}

export interface Removed {
  readonly folder: string
  readonly bytes: number
}

/**
 * Removes installations of any version from the cache folder, and what interrupted setups left; with `cuda` only those of
 * its kind. A TensorFlow that Reprise did not install is not touched.
 */
export function removeTensorFlow(options: Pick<SetupOptions, 'cuda' | 'parts'> & { dryRun?: boolean } = {}): Removed[] {
  const root = options.parts?.root ?? cacheFolder()
  const kinds = options.cuda === undefined ? ['cpu', 'cuda'] : [options.cuda ? 'cuda' : 'cpu']
  const removed: Removed[] = []
  if (!existsSync(root)) return removed
  const installations = readdirSync(root).filter((name) => kinds.some((kind) => name.startsWith(`${kind}-`)))
  const interrupted = abandoned(root).filter((name) => kinds.some((kind) => name.startsWith(`.setup-${kind}-`)))
  for (const name of [...installations, ...interrupted]) {
    const folder = join(root, name)
    const manifest = readManifest(folder)
    removed.push({ folder, bytes: manifest ? totalSize(manifest.files) : sizeOf(folder) })
    if (!options.dryRun) discard(root, folder)
  }
  if (!options.dryRun) emptyTrash(root)
  return removed
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0)
}

function partsOf({ cuda = false, parts = {} }: SetupOptions): SetupParts {
  return {
    root: cacheFolder(),
    pins: pinned(cuda),
    source: pipSource(),
    open: openLibrary,
    locate: (wanted) => locateTensorFlow(wanted ? { cuda: true } : {}),
    ...parts,
  }
}
