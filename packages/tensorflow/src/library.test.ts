import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  cacheFolder,
  installFolder,
  LIBRARY_VARIABLE,
  libraryNames,
  locateTensorFlow,
  MANIFEST,
  PINNED_VERSION,
} from './library.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-tensorflow-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
  vi.stubEnv(LIBRARY_VARIABLE, '')
  // No Python that could have one.
  vi.stubEnv('PATH', '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function fakeInstall(root: string, { cuda = false, version = PINNED_VERSION, finished = true } = {}): string {
  const { cc, framework } = libraryNames()
  mkdirSync(join(root, 'tensorflow'), { recursive: true })
  for (const name of [cc, framework]) writeFileSync(join(root, 'tensorflow', name), '')
  for (const [part, file] of cuda ? LIBRARIES : []) {
    mkdirSync(join(root, 'nvidia', part, 'lib'), { recursive: true })
    writeFileSync(join(root, 'nvidia', part, 'lib', file), '')
  }
  if (finished) writeFileSync(join(root, MANIFEST), JSON.stringify({ version }))
  return join(root, 'tensorflow')
}

const LIBRARIES = [
  ['cudnn', 'libcudnn.so.9'],
  ['cusolver', 'libcusolver.so.11'],
  ['cublas', 'libcublas.so.12'],
  ['cuda_runtime', 'libcudart.so.12'],
  ['unlisted', 'libother.so'],
  ['cublas', 'README.txt'],
] as const

describe('locateTensorFlow', () => {
  it('finds nothing where there is nothing', () => {
    expect(cacheFolder()).toBe(join(folder, 'reprise', 'tensorflow'))
    expect(locateTensorFlow()).toBeUndefined()
  })

  it('finds a finished installation in the cache folder, and no unfinished one', () => {
    fakeInstall(installFolder(false), { finished: false })
    expect(locateTensorFlow()).toBeUndefined()
    const at = fakeInstall(installFolder(false))
    expect(locateTensorFlow()).toEqual({ folder: at, version: PINNED_VERSION, source: 'cache', cudaLibraries: [] })
  })

  it('takes the pinned version before newer ones, and those before older', () => {
    for (const version of ['2.20.0', '2.9.1', '2.100.0']) fakeInstall(installFolder(false, version), { version })
    expect(locateTensorFlow()?.version).toBe('2.100.0')
    fakeInstall(installFolder(false))
    expect(locateTensorFlow()?.version).toBe(PINNED_VERSION)
  })

  it('keeps CPU and CUDA apart, and puts the libraries of CUDA in the order in which they open', () => {
    fakeInstall(installFolder(false))
    expect(locateTensorFlow({ cuda: true })).toBeUndefined()
    fakeInstall(installFolder(true), { cuda: true })
    expect(locateTensorFlow({ cuda: false })?.cudaLibraries).toEqual([])
    const names = locateTensorFlow({ cuda: true })?.cudaLibraries.map((path) => path.split('/').at(-1))
    expect(names).toEqual(['libcudart.so.12', 'libcublas.so.12', 'libcusolver.so.11', 'libcudnn.so.9', 'libother.so'])
  })

  it('takes the option before the variable before the cache', () => {
    fakeInstall(installFolder(false))
    const [a, b] = [join(folder, 'a'), join(folder, 'b')]
    const variable = fakeInstall(a, { finished: false })
    const option = fakeInstall(b, { version: '2.19.0' })
    vi.stubEnv(LIBRARY_VARIABLE, a)
    expect(locateTensorFlow()).toMatchObject({ folder: variable, source: 'environment', version: 'unknown' })
    // The folder itself, the one above it, and a file in it.
    for (const library of [option, b, join(option, libraryNames().cc)]) {
      expect(locateTensorFlow({ library })).toMatchObject({ folder: option, source: 'option', version: '2.19.0' })
    }
  })

  it('reads the version of a wheel from its name', () => {
    fakeInstall(folder, { finished: false })
    mkdirSync(join(folder, 'tensorflow_cpu-2.18.1.dist-info'))
    expect(locateTensorFlow({ library: folder })?.version).toBe('2.18.1')
  })

  it('refuses a folder that was named and holds no TensorFlow, or none for CUDA', () => {
    expect(() => locateTensorFlow({ library: '/nowhere' })).toThrow(/The option library is '\/nowhere'/)
    vi.stubEnv(LIBRARY_VARIABLE, folder)
    expect(() => locateTensorFlow()).toThrow(new RegExp(`REPRISE_TENSORFLOW is '${folder}'`))
    fakeInstall(folder)
    expect(() => locateTensorFlow({ cuda: true })).toThrow(/not a CUDA build/)
  })
})
