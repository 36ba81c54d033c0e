/**
 * WebGPU in Node.js: Dawn (npm `webgpu`) put where gpu.js looks, `navigator.gpu`, and taken away again. While Dawn's
 * object lives the process does not end, so whoever starts it releases it.
 */
import { RepriseError } from '@reprise/core'
import type { GpuJsModule } from './gpu-js.ts'

interface Device {
  destroy(): void
}
interface Adapter {
  requestDevice(descriptor?: object): Promise<Device>
}
interface Dawn {
  requestAdapter(options?: object): Promise<Adapter | null>
}
interface WebGpuModule {
  create(flags: readonly string[]): Dawn
  readonly globals: Readonly<Record<string, unknown>>
}

export const WEBGPU_HINT =
  'It needs a GPU with a Vulkan driver, or a software Vulkan such as Mesa 25 or newer (Debian 12: mesa-vulkan-drivers from backports).'

/**
 * Installs Dawn on `navigator.gpu` and proves that an adapter answers; returns what takes it all away again.
 * @throws RepriseError RPR_KERNEL_MISSING where `webgpu` does not load, RPR_KERNEL_UNAVAILABLE where no adapter answers
 */
export async function installWebGpu(gpuJs: GpuJsModule): Promise<() => void> {
  const { create, globals } = await loadWebGpu()
  const dawn = create([])
  const devices: Device[] = []
  // gpu.js keeps its device to itself: it is caught here, to be destroyed at the end.
  const gpu = {
    async requestAdapter(options?: object) {
      const adapter = await dawn.requestAdapter(options)
      if (adapter === null) return null
      return new Proxy(adapter, {
        get(target, key) {
          if (key === 'requestDevice')
            return async (descriptor?: object) => {
              const device = await target.requestDevice(descriptor)
              devices.push(device)
              return device
            }
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  const added = Object.keys(globals).filter((name) => !(name in globalThis))
  for (const name of added) Object.defineProperty(globalThis, name, { value: globals[name], configurable: true })
  const hadNavigator = 'navigator' in globalThis
  if (!hadNavigator) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true })
  const navigator = (globalThis as unknown as { navigator: object }).navigator
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true })
  const release = () => {
    for (const device of devices.splice(0)) device.destroy()
    Reflect.deleteProperty(navigator, 'gpu')
    if (!hadNavigator) Reflect.deleteProperty(globalThis, 'navigator')
    for (const name of added) Reflect.deleteProperty(globalThis, name)
  }
  try {
    if (await gpuJs.GPU.isWebGPUAvailable()) return release
  } catch (cause) {
    release()
    throw unavailable(cause)
  }
  release()
  throw unavailable(undefined)
}

function unavailable(cause: unknown): RepriseError {
  return new RepriseError('RPR_KERNEL_UNAVAILABLE', 'WebGPU finds no adapter on this machine.', {
    value: 'webgpu',
    hint: WEBGPU_HINT,
    cause,
  })
}

async function loadWebGpu(): Promise<WebGpuModule> {
  try {
    return (await import('webgpu')) as unknown as WebGpuModule
  } catch (cause) {
    throw new RepriseError('RPR_KERNEL_MISSING', `The package 'webgpu' does not load: ${(cause as Error).message}.`, {
      value: 'webgpu',
      hint: "Install 'webgpu' 0.6.2, or choose the executor 'webasm'.",
      cause,
    })
  }
}
