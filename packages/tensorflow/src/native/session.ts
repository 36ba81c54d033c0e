/** An opened TensorFlow: its C API, one eager context and the device that tensors live on. */
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { RepriseError, repriseCommand } from '@reprise/core'
import { libraryNames, type TensorFlowLibrary } from '../library.ts'
import { bindCApi, type CApi, Status } from './c-api.ts'
import { type Ffi, loadFfi, type NativeLibrary, type Pointer } from './ffi.ts'
import { contextConfig, type DeviceChoice, type Settings, writeVariables } from './settings.ts'

export interface Device {
  /** `/job:localhost/replica:0/task:0/device:GPU:0` */
  readonly name: string
  readonly type: 'CPU' | 'GPU'
  /** What TensorFlow may use of it, bytes; 0 where it does not say. */
  readonly memory: number
}

export class Session {
  readonly ffi: Ffi
  readonly api: CApi
  readonly status: Status
  readonly context: Pointer
  readonly device: Device
  readonly version: string

  /** @throws RepriseError RPR_TENSORFLOW_* */
  constructor(library: TensorFlowLibrary, choice: DeviceChoice, settings: Settings) {
    this.ffi = loadFfi()
    writeVariables(this.ffi, settings, choice.kind === 'cpu' || library.cudaLibraries.length === 0)
    this.api = openLibrary(this.ffi, library, settings)
    this.version = this.api.TF_Version()
    this.status = new Status(this.api)
    try {
      this.context = this.#newContext(choice, settings.threads)
      this.device = this.#chooseDevice(choice)
    } catch (cause) {
      if (cause instanceof RepriseError) throw cause
      throw new RepriseError('RPR_TENSORFLOW_START', `TensorFlow ${this.version} did not start: ${messageOf(cause)}`, {
        value: library.folder,
        cause,
      })
    }
    // A thread's context ends with the thread. The main thread's ends with the process, which needs no help.
    if (!isMainThread) process.once('exit', () => this.close())
  }

  #newContext(choice: DeviceChoice, threads: number | undefined): Pointer {
    const { api, status } = this
    const options = api.TFE_NewContextOptions()
    const config = contextConfig(choice, threads)
    api.TFE_ContextOptionsSetConfig(options, config, config.length, status.pointer)
    status.check()
    const context = api.TFE_NewContext(options, status.pointer)
    api.TFE_DeleteContextOptions(options)
    status.check()
    return context
  }

  #chooseDevice({ kind, index }: DeviceChoice): Device {
    const devices = this.devices()
    const gpu = devices.find(({ type }) => type === 'GPU')
    if (kind !== 'gpu') return (kind === 'auto' ? gpu : undefined) ?? devices.find(({ type }) => type === 'CPU')!
    if (gpu !== undefined) return gpu
    throw new RepriseError(
      'RPR_TENSORFLOW_START',
      `The device 'gpu:${index}' was asked for and TensorFlow sees no such GPU.`,
      {
        value: `gpu:${index}`,
        hint: `'${repriseCommand('doctor')}' says what is missing: a CUDA build, a driver or a library of CUDA.`,
      },
    )
  }

  devices(): Device[] {
    const { api, status } = this
    const list = api.TFE_ContextListDevices(this.context, status.pointer)
    status.check()
    const devices: Device[] = []
    for (let i = 0; i < api.TF_DeviceListCount(list); i++) {
      const name = api.TF_DeviceListName(list, i, status.pointer)
      const type = api.TF_DeviceListType(list, i, status.pointer)
      const memory = api.TF_DeviceListMemoryBytes(list, i, status.pointer)
      status.check()
      if (type === 'CPU' || type === 'GPU') devices.push({ name, type, memory })
    }
    api.TF_DeleteDeviceList(list)
    return devices
  }

  close(): void {
    this.api.TFE_DeleteContext(this.context)
    this.status.delete()
  }
}

function openLibrary(ffi: Ffi, library: TensorFlowLibrary, { allowTf32 }: Settings): CApi {
  const { cc, framework } = libraryNames()
  const open = (path: string) => {
    try {
      return ffi.open(path)
    } catch (cause) {
      throw new RepriseError('RPR_TENSORFLOW_START', `${path} cannot be opened: ${messageOf(cause)}`, {
        value: path,
        hint: `'${repriseCommand('doctor')}' says which library is missing; '${repriseCommand('setup tensorflow')}' installs a complete set.`,
        cause,
      })
    }
  }
  // One that is missing is only missed by what needs it: TensorFlow says so itself.
  for (const path of library.cudaLibraries) {
    try {
      ffi.open(path)
    } catch {
      // For instance a library for a GPU older than this CUDA's.
    }
  }
  const base = open(join(library.folder, framework))
  if (!allowTf32) forbidTf32(base)
  return bindCApi(open(join(library.folder, cc)))
}

/** What `tf.config.experimental.enable_tensor_float_32_execution(False)` calls: XLA asks this, not NVIDIA's variable. */
function forbidTf32(framework: NativeLibrary): void {
  try {
    framework.func('_ZN3tsl32enable_tensor_float_32_executionEb', 'void', ['bool'])(false)
  } catch {
    // Another version calls it otherwise; the variable holds for NVIDIA's own libraries.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
