import { availableParallelism } from 'node:os'
import type { TensorFlowFacts } from '@reprise/tensorflow'
import { version_core } from '@tensorflow/tfjs-core'
import { listExecutors } from './create-executor.ts'
import type { ExecutorName } from './executor.ts'
import { loadBackend, type TfjsBackend } from './tfjs-backends.ts'

export interface DoctorFacts {
  readonly tfjs: string
  /** SIMD is what makes eager:wasm fast; every Node.js from 16 has it. */
  readonly wasmSimd: boolean
  readonly cores: number
  readonly executors: readonly { readonly name: ExecutorName; readonly available: boolean; readonly note: string }[]
  /** Undefined where the package @reprise/tensorflow is not installed. */
  readonly tensorflow: TensorFlowDoctor | undefined
}

export interface TensorFlowDoctor extends TensorFlowFacts {
  /** What it computes on, `CPU:0` or `GPU:0`, once started; undefined where it does not start. */
  readonly device: string | undefined
}

/** What `reprise doctor` says about executors: each backend that should be there is really started. */
export async function doctorFacts(): Promise<DoctorFacts> {
  const executors = []
  for (const entry of await listExecutors()) {
    const backend = entry.name.startsWith('eager:') && entry.available ? entry.name.slice(6) : undefined
    if (backend === undefined) {
      executors.push(entry)
      continue
    }
    try {
      await loadBackend(backend as TfjsBackend)
      executors.push({ ...entry, note: 'starts' })
    } catch (error) {
      executors.push({ ...entry, available: false, note: `does not start: ${(error as Error).message}` })
    }
  }
  const starts = executors.some(({ name, available }) => name === 'eager:tensorflow' && available)
  const tensorflow = await tensorFlowDoctor(starts)
  return { tfjs: version_core, wasmSimd: hasSimd(), cores: availableParallelism(), executors, tensorflow }
}

async function tensorFlowDoctor(starts: boolean): Promise<TensorFlowDoctor | undefined> {
  let tensorflow: typeof import('@reprise/tensorflow')
  try {
    tensorflow = await import('@reprise/tensorflow')
  } catch {
    return undefined
  }
  const facts = await tensorflow.tensorFlowFacts()
  if (!starts) return { ...facts, device: undefined }
  const { device } = await tensorflow.useTensorFlow()
  return { ...facts, device: device.name.replace(/^.*device:/, '') }
}

/** Validates a module of one function that makes a 128-bit vector. */
function hasSimd(): boolean {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }
  return WebAssembly.validate(
    Uint8Array.of(
      0,
      97,
      115,
      109,
      1,
      0,
      0,
      0,
      1,
      5,
      1,
      96,
      0,
      1,
      123,
      3,
      2,
      1,
      0,
      10,
      10,
      1,
      8,
      0,
      65,
      0,
      253,
      15,
      253,
      98,
      11,
    ),
  )
}
