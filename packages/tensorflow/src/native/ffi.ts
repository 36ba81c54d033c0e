/** The foreign function package, loaded when first asked for, and the few functions of the C library needed beside it. */
import { createRequire } from 'node:module'
import { RepriseError } from '@reprise/core'

/** A C pointer. User space ends far below 2^53, so a number holds it. */
export type Pointer = number

// biome-ignore lint/suspicious/noExplicitAny: what a C function takes and gives is said by its declaration.
type NativeFunction = (...args: any[]) => any

export interface NativeLibrary {
  symbol(name: string): bigint
  func(name: string, result: string, parameters: readonly string[]): NativeFunction
}

interface Koffi {
  load(path: string | null, options?: { global?: boolean }): NativeLibrary
  struct(name: string, members: Readonly<Record<string, string>>): unknown
  address(memory: ArrayBufferView): bigint
}

export interface Ffi {
  /** Opens a library for the rest of the process. @throws Error with the loader's message */
  open(path: string): NativeLibrary
  /** A zero-terminated copy that is never freed: TensorFlow keeps attribute names without copying them. */
  intern(text: string): Pointer
  /** Where a typed array's elements lie. They stay there if it has a buffer of its own (small ones may be moved else). */
  address(memory: ArrayBufferView): Pointer
  /** A C function that does nothing with its arguments, for where one has to be given. */
  readonly nothing: Pointer
  copyIn(to: Pointer, from: ArrayBufferView, bytes: number): void
  copyOut(to: ArrayBufferView, from: Pointer, bytes: number): void
  /** Also seen by C code in worker threads, whose process.env is a copy. */
  setVariable(name: string, value: string): void
}

let loaded: Ffi | undefined

/** @throws RepriseError RPR_TENSORFLOW_PLATFORM, RPR_TENSORFLOW_PACKAGE */
export function loadFfi(): Ffi {
  loaded ??= start()
  return loaded
}

/** RTLD_NOW, RTLD_GLOBAL, RTLD_NODELETE. Without the last, a worker thread's exit unmaps TensorFlow under the others. */
const FLAGS: Readonly<Record<string, number>> = { linux: 0x2 | 0x100 | 0x1000, darwin: 0x2 | 0x8 | 0x80 }

function start(): Ffi {
  const flags = FLAGS[process.platform]
  if (flags === undefined || !['x64', 'arm64'].includes(process.arch)) {
    throw new RepriseError(
      'RPR_TENSORFLOW_PLATFORM',
      `TensorFlow is opened on Linux and macOS, x64 and arm64, not on ${process.platform} ${process.arch}.`,
      { value: `${process.platform} ${process.arch}`, hint: 'Use another executor; on Windows, WSL is a Linux.' },
    )
  }
  const koffi = importKoffi()
  const libc = koffi.load(null)
  const dlopen = libc.func('dlopen', 'uintptr_t', ['str', 'int'])
  const dlerror = libc.func('dlerror', 'str', [])
  const strdup = libc.func('strdup', 'uintptr_t', ['str'])
  const setenv = libc.func('setenv', 'int', ['str', 'str', 'int'])
  const copyIn = libc.func('memcpy', 'uintptr_t', ['uintptr_t', 'const void *', 'size_t'])
  const copyOut = libc.func('memcpy', 'uintptr_t', ['void *', 'uintptr_t', 'size_t'])
  // By value: TF_Output of the C API.
  koffi.struct('TF_Output', { oper: 'uintptr_t', index: 'int' })
  // Takes no arguments, so it leaves those it is given alone.
  const nothing = Number(libc.symbol('getpid'))
  const interned = new Map<string, Pointer>()
  return {
    open(path) {
      if (dlopen(path, flags) === 0) throw new Error(dlerror() ?? `${path} cannot be opened`)
      return koffi.load(path, { global: true })
    },
    intern(text) {
      let pointer = interned.get(text)
      if (pointer === undefined) {
        pointer = strdup(text) as Pointer
        interned.set(text, pointer)
      }
      return pointer
    },
    address: (memory) => Number(koffi.address(memory)),
    nothing,
    copyIn(to, from, bytes) {
      copyIn(to, from, bytes)
    },
    copyOut(to, from, bytes) {
      copyOut(to, from, bytes)
    },
    setVariable(name, value) {
      process.env[name] = value
      setenv(name, value, 1)
    },
  }
}

function importKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (cause) {
    throw new RepriseError(
      'RPR_TENSORFLOW_PACKAGE',
      `The package 'koffi' is needed to call TensorFlow and did not load.`,
      {
        value: 'koffi',
        hint: `Install it: npm install koffi. It is an optional dependency of @reprise/tensorflow, left out by --omit=optional.`,
        cause,
      },
    )
  }
}
