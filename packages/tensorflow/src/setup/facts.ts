/** What `reprise doctor` says about TensorFlow. Nothing is opened in this process. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { repriseCommand } from '@reprise/core'
import { locateTensorFlow, type TensorFlowLibrary } from '../library.ts'
import { koffiPath, openLibrary } from './open-library.ts'
import { requiredFiles } from './pins.ts'
import { type CudaProbe, type Driver, probeCuda } from './probe.ts'
import { inspectPython, type PythonFacts, pythonCommands, pythonProblem } from './python.ts'

export interface TensorFlowFacts {
  readonly library: TensorFlowLibrary | undefined
  /** What the library calls itself once open. */
  readonly version: string | undefined
  /** Why there is none, or why it does not open. */
  readonly problem: string | undefined
  /** Version of the optional package that calls the library. */
  readonly koffi: string | undefined
  /** What setup would download with, and what is wrong with it. */
  readonly python: PythonFacts | undefined
  readonly pythonProblem: string | undefined
  readonly driver: Driver | undefined
  /** What is missing for TensorFlow, by name, each with what to do. */
  readonly missing: readonly string[]
}

export async function tensorFlowFacts(): Promise<TensorFlowFacts> {
  const { library, problem: unfound } = locate()
  const opened = library && library.source !== 'official-binding' ? await openLibrary(library.folder) : {}
  const cuda = await probeCuda(library?.cudaLibraries ?? [])
  const { python, problem: pythonTrouble } = findAnyPython()
  const koffi = koffiVersion()
  const problem = unfound ?? opened.problem
  return {
    library,
    version: opened.version ?? library?.version,
    problem,
    koffi,
    python,
    pythonProblem: pythonTrouble,
    driver: cuda.driver,
    missing: missingParts({ library, problem, koffi, pythonTrouble, cuda }),
  }
}

function locate(): { library?: TensorFlowLibrary; problem?: string } {
  try {
    const library = locateTensorFlow()
    return library ? { library } : {}
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

interface Parts {
  readonly library: TensorFlowLibrary | undefined
  readonly problem: string | undefined
  readonly koffi: string | undefined
  readonly pythonTrouble: string | undefined
  readonly cuda: CudaProbe
}

function missingParts({ library, problem, koffi, pythonTrouble, cuda }: Parts): string[] {
  const missing: string[] = []
  const { driver } = cuda
  const build = driver ? 'tensorflow --cuda' : 'tensorflow'
  if (library === undefined) {
    missing.push(`the TensorFlow library (${problem ?? repriseCommand(`setup ${build}`)})`)
    if (pythonTrouble !== undefined) missing.push(`for setup: Python with pip (${pythonTrouble})`)
  } else if (problem !== undefined) {
    missing.push(`a TensorFlow library that opens (${problem})`)
  }
  if (koffi === undefined) missing.push('the package koffi (npm install koffi)')
  if (library === undefined) return missing
  const isCuda = library.cudaLibraries.length > 0
  if (isCuda && driver === undefined) missing.push("for the GPU: NVIDIA's driver (libcuda.so.1)")
  if (isCuda && driver?.problem !== undefined) missing.push(`for the GPU: a driver that works (${driver.problem})`)
  if (driver && !isCuda) missing.push(`for the GPU: the CUDA build (${repriseCommand('setup tensorflow --cuda')})`)
  if (!isCuda) return missing
  for (const name of absentLibraries(library)) missing.push(`for the GPU: ${name}`)
  for (const { path, why } of cuda.broken) {
    // Said above.
    if (driver === undefined && why.startsWith('libcuda.so.1:')) continue
    missing.push(`for the GPU: ${basename(path)} (${why.replace(`${path}: `, '')})`)
  }
  return missing
}

/** Libraries of CUDA that should lie beside the library; of any version, because other installations have others. */
function absentLibraries({ folder, cudaLibraries }: TensorFlowLibrary): string[] {
  const present = cudaLibraries.map((path) => stem(basename(path)))
  const nvidia = join(dirname(folder), 'nvidia')
  return requiredFiles(true)
    .filter((file) => file.startsWith('nvidia/'))
    .filter((file) =>
      file.includes('/lib/')
        ? !present.includes(stem(basename(file)))
        : !existsSync(join(nvidia, file.slice('nvidia/'.length))),
    )
    .map((file) => basename(file))
}

const stem = (name: string) => name.replace(/\.so[.\d]*$/, '')

/** The first Python that would do, else the first there is. */
function findAnyPython(): { python?: PythonFacts; problem?: string } {
  const there = pythonCommands()
    .map((command) => inspectPython(command))
    .filter((facts) => facts !== undefined)
  const good = there.find((facts) => pythonProblem(facts) === undefined)
  if (good) return { python: good }
  if (there[0] === undefined) return { problem: 'none found' }
  return { python: there[0], problem: pythonProblem(there[0])! }
}

function koffiVersion(): string | undefined {
  for (let folder = dirname(koffiPath() ?? '/'); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>
      if (name === 'koffi') return version
    } catch {
      // Further up.
    }
  }
  return undefined
}
