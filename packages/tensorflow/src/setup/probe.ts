/** Asks NVIDIA's driver and CUDA's libraries, in a process of its own: what crashes or hangs there stays there. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { koffiPath } from './open-library.ts'

export interface Gpu {
  readonly name: string
  /** Bytes. */
  readonly memory: number
  /** Compute capability: `9.0`. */
  readonly capability: string
}

export interface Driver {
  /** Of the kernel module, `550.54.15`; undefined where it does not say (WSL). */
  readonly version: string | undefined
  /** The newest CUDA that it runs, `12.4`; undefined where `libcuda.so.1` could not be asked. */
  readonly cuda: string | undefined
  readonly gpus: readonly Gpu[]
  /** Why it cannot be used. */
  readonly problem: string | undefined
}

export interface CudaProbe {
  /** Undefined without a driver. */
  readonly driver: Driver | undefined
  /** Libraries that do not open, with the loader's words. */
  readonly broken: readonly { readonly path: string; readonly why: string }[]
}

const SCRIPT = `
const koffi = require(process.argv[1])
const paths = process.argv.slice(2)
const libc = koffi.load(null)
const open = libc.func('void *dlopen(const char *path, int flags)')
const error = libc.func('const char *dlerror()')
const result = { broken: [], gpus: [] }
try {
  const cuda = koffi.load('libcuda.so.1')
  const call = (text) => cuda.func('int ' + text)
  const check = (what, code) => { if (code !== 0) throw new Error(what + ' of the driver ended with error ' + code) }
  const one = [0]
  check('cuInit', call('cuInit(unsigned int flags)')(0))
  check('cuDriverGetVersion', call('cuDriverGetVersion(_Out_ int *version)')(one))
  result.cuda = Math.floor(one[0] / 1000) + '.' + Math.floor((one[0] % 1000) / 10)
  check('cuDeviceGetCount', call('cuDeviceGetCount(_Out_ int *count)')(one))
  const count = one[0]
  const attribute = call('cuDeviceGetAttribute(_Out_ int *value, int which, int device)')
  for (let i = 0; i < count; i++) {
    const name = Buffer.alloc(256)
    const bytes = [0]
    check('cuDeviceGetName', call('cuDeviceGetName(_Out_ char *name, int length, int device)')(name, 256, i))
    check('cuDeviceTotalMem', call('cuDeviceTotalMem_v2(_Out_ size_t *bytes, int device)')(bytes, i))
    attribute(one, 75, i)
    const major = one[0]
    attribute(one, 76, i)
    const text = name.toString('utf8', 0, name.indexOf(0))
    result.gpus.push({ name: text, memory: Number(bytes[0]), capability: major + '.' + one[0] })
  }
} catch (e) {
  result.problem = e.message.split('\\n')[0]
}
for (const path of paths) if (!open(path, 0x1102)) result.broken.push({ path, why: error() })
require('fs').writeSync(1, JSON.stringify(result))
process.kill(process.pid, 'SIGKILL')
`

interface Answer {
  readonly broken: CudaProbe['broken']
  readonly gpus: readonly Gpu[]
  readonly cuda?: string
  readonly problem?: string
}

/** `libraries` are opened in their order. */
export async function probeCuda(libraries: readonly string[]): Promise<CudaProbe> {
  const version = moduleVersion()
  const present = version !== undefined || existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')
  const koffi = koffiPath()
  if (koffi === undefined) {
    const driver = { version, cuda: undefined, gpus: [], problem: "asking it needs the package 'koffi'" }
    return { driver: present ? driver : undefined, broken: [] }
  }
  if (!present && libraries.length === 0) return { driver: undefined, broken: [] }
  const answer = await ask([koffi, ...libraries])
  const { cuda, gpus, problem, broken } = answer
  // A container may have the driver's library and none of its files in /proc.
  const driver = present || cuda !== undefined ? { version, cuda, gpus, problem } : undefined
  return { driver, broken }
}

function ask(args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { timeout: 120_000, encoding: 'utf8' as const, env: { ...process.env, NODE_OPTIONS: '' } }
    execFile(process.execPath, ['-e', SCRIPT, ...args], options, (error, stdout) => {
      if (stdout !== '') resolve(JSON.parse(stdout) as Answer)
      else resolve({ broken: [], gpus: [], problem: `asking it ended with ${error?.signal ?? error?.code}` })
    })
  })
}

function moduleVersion(): string | undefined {
  try {
    const text = readFileSync('/proc/driver/nvidia/version', 'utf8')
    return /Kernel Module[^\n]*?\s(\d+\.\d+(?:\.\d+)?)\s/.exec(text)?.[1]
  } catch {
    return undefined
  }
}
