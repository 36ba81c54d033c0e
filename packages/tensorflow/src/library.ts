/**
 * Finds a TensorFlow on this machine. Nothing is loaded here: importing this file costs nothing, and looking costs
 * a few file reads and, last, one short start of Python.
 *
 * Layout of what `reprise setup tensorflow` leaves in the cache folder (the same as a wheel's own): `tensorflow/` and,
 * for CUDA, `nvidia/` as real sibling folders, because the libraries find each other by relative paths, and
 * `reprise.json`, written last: a folder without it is an installation that did not finish.
 */
import { execFileSync, type StdioOptions } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { RepriseError } from '@reprise/core'
import { locateOfficialBinding } from './official-binding.ts'

/** The TensorFlow that `reprise setup tensorflow` installs and the tests run on. */
export const PINNED_VERSION = '2.21.0'

/** The file that ends an installation in the cache folder. */
export const MANIFEST = 'reprise.json'

/** Where a TensorFlow library was found. */
export interface TensorFlowLibrary {
  /** Holds `libtensorflow_cc.so.2` and `libtensorflow_framework.so.2` (macOS: `.2.dylib`). */
  readonly folder: string
  /** As its files say, or `unknown`; the opened library itself knows for sure. */
  readonly version: string
  readonly source: 'option' | 'environment' | 'cache' | 'python' | 'official-binding'
  /** CUDA's libraries beside it, absolute, in the order in which they have to be opened; empty for a CPU build. */
  readonly cudaLibraries: readonly string[]
}

export interface LocateOptions {
  /** A folder with the libraries, or one that holds `tensorflow/` (a cache folder, `site-packages`). */
  readonly library?: string
  /** true: only a CUDA build. false: preferably a CPU build. Left out: a CUDA build first where a driver is present. */
  readonly cuda?: boolean
}

/** The environment variable that names a TensorFlow, as the option `library` does. */
export const LIBRARY_VARIABLE = 'REPRISE_TENSORFLOW'

/** `~/.cache/reprise/tensorflow`, or the same under XDG_CACHE_HOME. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME']
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'reprise', 'tensorflow')
}

/** The folder of one installation: `<cache folder>/cpu-2.21.0`. */
export function installFolder(cuda: boolean, version: string = PINNED_VERSION): string {
  return join(cacheFolder(), `${cuda ? 'cuda' : 'cpu'}-${version}`)
}

/** The two library files by their name on this platform: the C API, and what it is built on. */
export function libraryNames(platform: string = process.platform): { cc: string; framework: string } {
  return platform === 'darwin'
    ? { cc: 'libtensorflow_cc.2.dylib', framework: 'libtensorflow_framework.2.dylib' }
    : { cc: 'libtensorflow_cc.so.2', framework: 'libtensorflow_framework.so.2' }
}

/** Whether an NVIDIA driver is present (Linux, WSL). */
export function hasCudaDriver(): boolean {
  return ['/dev/nvidiactl', '/proc/driver/nvidia/version', '/dev/dxg'].some((file) => existsSync(file))
}

/**
 * The TensorFlow to use: the option, else REPRISE_TENSORFLOW, else the cache folder, else a working official binding
 * of TensorFlow.js, else the one that `python3` would import. Undefined where there is none.
 * @throws RepriseError RPR_TENSORFLOW_MISSING where the option or the variable names a folder without the libraries
 */
export function locateTensorFlow(options: LocateOptions = {}): TensorFlowLibrary | undefined {
  const { library, cuda } = options
  if (library !== undefined) return named(library, 'option', cuda)
  const variable = process.env[LIBRARY_VARIABLE]
  if (variable !== undefined && variable !== '') return named(variable, 'environment', cuda)
  return fromCache(cuda) ?? (cuda === true ? undefined : fromOfficialBinding()) ?? fromPython(cuda)
}

function named(path: string, source: 'option' | 'environment', cuda: boolean | undefined): TensorFlowLibrary {
  const what = source === 'option' ? 'The option library' : LIBRARY_VARIABLE
  const found = inspect(path, source)
  if (found === undefined) {
    const { cc, framework } = libraryNames()
    throw new RepriseError(
      'RPR_TENSORFLOW_MISSING',
      `${what} is '${path}', which does not hold ${cc} and ${framework}.`,
      {
        value: path,
        hint: `Give the folder that holds both, or the one above its folder 'tensorflow'.`,
      },
    )
  }
  if (cuda === true && found.cudaLibraries.length === 0) {
    throw new RepriseError('RPR_TENSORFLOW_MISSING', `${what} is '${path}', which is not a CUDA build.`, {
      value: path,
      hint: `Give one with the folder 'nvidia' beside 'tensorflow', or leave cuda out.`,
    })
  }
  return found
}

/** What `path` holds; undefined without both libraries. */
function inspect(path: string, source: TensorFlowLibrary['source']): TensorFlowLibrary | undefined {
  const { cc, framework } = libraryNames()
  const start = existsSync(path) && statSync(path).isFile() ? dirname(path) : path
  const folder = [start, join(start, 'tensorflow')].find((each) =>
    [cc, framework].every((name) => existsSync(join(each, name))),
  )
  if (folder === undefined) return undefined
  // Real, because the libraries resolve their relative run paths from the place they were opened at.
  const real = realpathSync(folder)
  return { folder: real, version: versionOf(real), source, cudaLibraries: cudaLibrariesOf(real) }
}

function fromCache(cuda: boolean | undefined): TensorFlowLibrary | undefined {
  const kinds = cuda === true ? [true] : (cuda ?? hasCudaDriver()) ? [true, false] : [false, true]
  for (const kind of kinds) {
    for (const folder of installed(kind)) {
      const found = inspect(folder, 'cache')
      if (found !== undefined && (!kind || found.cudaLibraries.length > 0)) return found
    }
  }
  return undefined
}

/** Finished installations in the cache folder: the pinned version, then newer before older. */
function installed(cuda: boolean): string[] {
  const prefix = cuda ? 'cuda-' : 'cpu-'
  const root = cacheFolder()
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter((name) => name.startsWith(prefix) && existsSync(join(root, name, MANIFEST)))
    .map((name) => name.slice(prefix.length))
    .sort((a, b) => Number(b === PINNED_VERSION) - Number(a === PINNED_VERSION) || compareVersions(b, a))
    .map((version) => join(root, `${prefix}${version}`))
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function fromOfficialBinding(): TensorFlowLibrary | undefined {
  const found = locateOfficialBinding()
  return found && { folder: found.folder, version: found.version, source: 'official-binding', cudaLibraries: [] }
}

const PROBE =
  "import importlib.util as u;s=u.find_spec('tensorflow');print(list(s.submodule_search_locations)[0] if s else '')"

/** Found without importing it: 0.01 s instead of 2.3. */
function fromPython(cuda: boolean | undefined): TensorFlowLibrary | undefined {
  let folder: string
  try {
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore']
    folder = execFileSync('python3', ['-c', PROBE], { encoding: 'utf8', stdio, timeout: 10_000 }).trim()
  } catch {
    return undefined
  }
  const found = folder === '' ? undefined : inspect(folder, 'python')
  return found !== undefined && cuda === true && found.cudaLibraries.length === 0 ? undefined : found
}

/** From the manifest, the wheel's metadata folder or the header beside the library. */
function versionOf(folder: string): string {
  const above = dirname(folder)
  try {
    const { version } = JSON.parse(readFileSync(join(above, MANIFEST), 'utf8')) as { version?: unknown }
    if (typeof version === 'string') return version
  } catch {
    // Not an installation of ours, or an older manifest.
  }
  const wheels = existsSync(above) ? readdirSync(above) : []
  for (const name of wheels) {
    const match = /^tensorflow(?:_cpu|_intel|_cpu_aws)?-(\d[^-]*)\.dist-info$/.exec(name)
    if (match) return match[1]!
  }
  return 'unknown'
}

/** CUDA's libraries in the order in which each finds those it needs already open. */
const CUDA_ORDER = [
  'cuda_runtime',
  'nvjitlink',
  'cuda_nvrtc',
  'cublas',
  'cufft',
  'cusparse',
  'cusolver',
  'cudnn',
  'cuda_cupti',
  'nccl',
]

/**
 * TensorFlow 2.21 looks for cuSOLVER where it is not and then ignores the GPU: it has to be open before. The order is
 * that of {@link CUDA_ORDER}; in one folder, a library that others are built on (`libcublasLt`, `libcudnn_graph`) goes
 * by name, which puts it first or is resolved by the run path inside the folder.
 */
function cudaLibrariesOf(folder: string): string[] {
  const nvidia = join(dirname(folder), 'nvidia')
  if (!existsSync(nvidia)) return []
  const parts = readdirSync(nvidia).filter((part) => existsSync(join(nvidia, part, 'lib')))
  const rank = (part: string) => (CUDA_ORDER.indexOf(part) + CUDA_ORDER.length + 1) % (CUDA_ORDER.length + 1)
  parts.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
  return parts.flatMap((part) => {
    const lib = join(nvidia, part, 'lib')
    return readdirSync(lib)
      .filter((name) => /\.so(\.\d+)*$/.test(name) && !name.includes('.alt.'))
      .sort()
      .map((name) => join(lib, name))
  })
}
