/** TensorFlow.js's own native binding, where its install script could run: then its library is there too. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { RepriseError, repriseCommand } from '@reprise/core'
import type { Binding } from './kernels/tfjs-node.ts'
import type { Device } from './native/session.ts'

export interface OfficialBinding {
  /** The Node.js add-on. */
  readonly file: string
  /** Holds `libtensorflow.so.2`. */
  readonly folder: string
  readonly version: string
  readonly package: string
}

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/**
 * The add-on of an installed package whose library was downloaded as well; it is not opened here. Looked for beside this
 * package and from the working folder.
 */
export function locateOfficialBinding(): OfficialBinding | undefined {
  const bases = [import.meta.url, join(process.cwd(), 'package.json')]
  for (const [name, base] of PACKAGES.flatMap((name) => bases.map((base) => [name, base] as const))) {
    let folder: string
    try {
      folder = dirname(createRequire(base).resolve(`${name}/package.json`))
    } catch {
      continue
    }
    const library = join(folder, 'deps', 'lib')
    const builds = join(folder, 'lib')
    if (!existsSync(library) || !existsSync(builds)) continue
    const files = readdirSync(builds).map((build) => join(builds, build, 'tfjs_binding.node'))
    const file = files.sort().findLast((each) => existsSync(each))
    if (file === undefined) continue
    return { file, folder: library, version: libraryVersion(folder), package: name }
  }
  return undefined
}

/** Said by the name of the downloaded library: `libtensorflow.so.2.9.1`. */
function libraryVersion(folder: string): string {
  const names = readdirSync(join(folder, 'deps', 'lib'))
  const match = names.map((name) => /^libtensorflow\.(?:so\.)?(\d+\.\d+\.\d+)/.exec(name)).find((each) => each !== null)
  return match?.[1] ?? (readFileSync(join(folder, 'package.json'), 'utf8').includes('"4.22.0"') ? '2.9.1' : 'unknown')
}

/** Opens it. @throws RepriseError RPR_TENSORFLOW_START */
export function openOfficialBinding(): { binding: Binding; version: string; device: Device } {
  const { file } = locateOfficialBinding()!
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3'
  try {
    const binding = createRequire(import.meta.url)(file) as Binding
    const type = binding.isUsingGpuDevice() ? 'GPU' : 'CPU'
    const device: Device = { name: `/job:localhost/replica:0/task:0/device:${type}:0`, type, memory: 0 }
    return { binding, version: binding.TF_Version, device }
  } catch (cause) {
    throw new RepriseError('RPR_TENSORFLOW_START', `TensorFlow.js's own add-on ${file} does not open: ${cause}`, {
      value: file,
      hint: `Name another TensorFlow in REPRISE_TENSORFLOW, or run '${repriseCommand('setup tensorflow')}'.`,
      cause,
    })
  }
}
