/** Opens a TensorFlow in a process of its own: a library that crashes must not take setup or doctor with it. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { libraryNames } from '../library.ts'

export interface Opened {
  /** What the library calls itself. */
  readonly version?: string
  /** Why it does not open. */
  readonly problem?: string
  /** It was not tried: the package koffi is not installed. */
  readonly untried?: true
}

/** Where koffi is, the optional package that opens libraries. */
export function koffiPath(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('koffi')
  } catch {
    return undefined
  }
}

// Kept open to the end (RTLD_NODELETE), and ended without exit handlers: nothing here needs an orderly end.
const SCRIPT = `
const koffi = require(process.argv[1])
const [framework, cc] = process.argv.slice(2)
const open = koffi.load(null).func('void *dlopen(const char *path, int flags)')
const why = koffi.load(null).func('const char *dlerror()')
for (const path of [framework, cc]) {
  if (!open(path, process.platform === 'linux' ? 0x1102 : 0x8a)) {
    require('fs').writeSync(1, JSON.stringify({ problem: why() }))
    process.kill(process.pid, 'SIGKILL')
  }
}
const version = koffi.load(cc).func('const char *TF_Version()')()
require('fs').writeSync(1, JSON.stringify({ version }))
process.kill(process.pid, 'SIGKILL')
`

export async function openLibrary(folder: string, signal?: AbortSignal): Promise<Opened> {
  const koffi = koffiPath()
  if (koffi === undefined) return { untried: true }
  const { framework, cc } = libraryNames()
  const args = ['-e', SCRIPT, koffi, join(folder, framework), join(folder, cc)]
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', NODE_OPTIONS: '' }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env, timeout: 120_000, signal, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (signal?.aborted) reject(signal.reason)
      else if (stdout !== '') resolve(JSON.parse(stdout) as Opened)
      else
        resolve({
          problem: lastLine(stderr) ?? `the process that opened it ended with ${error?.signal ?? error?.code}`,
        })
    })
  })
}

function lastLine(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => /Error|error|cannot/.test(line))
  return lines.at(-1)?.trim()
}
