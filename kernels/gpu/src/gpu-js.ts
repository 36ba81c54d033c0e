/** The one place that knows gpu.js: its types are incomplete (`input` is no value there) and it is loaded on demand. */
import { RepriseError } from '@reprise/core'

/** `this` inside a kernel. Kernels hold no nested functions: their source text is compiled. */
export interface KernelThis<Constants = Record<string, number>> {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number }
  readonly constants: Constants
}

/** A flat array inside a kernel. */
export type KernelArray = Float32Array

export interface KernelSettings {
  /** Cells of the flat output. */
  readonly output: number
  /** Baked into the compiled kernel. */
  readonly constants?: Readonly<Record<string, number>>
}

// biome-ignore lint/suspicious/noExplicitAny: a kernel's `this` and arguments are whatever its source says
export type KernelSource = (this: any, ...inputs: KernelArray[]) => number

/** Stands for a result while a pipeline is traced. */
export type Handle = Float32Array & { readonly __handle?: never }

export interface GpuJsKernel {
  (...inputs: unknown[]): Promise<unknown>
  readonly kernel: { readonly fallbackReason?: string | null; readonly constructor: { readonly mode: string } }
  destroy(): void
}

export interface GpuJsPipeline {
  (...inputs: unknown[]): Promise<unknown>
  readonly executorKind: string
  readonly backend: string | null
  readonly fallbackReason: string | null
  destroy(): Promise<void>
}

export interface GpuJs {
  createKernel(source: KernelSource, settings: object): GpuJsKernel
  createPipeline(source: (...inputs: Handle[]) => unknown, settings?: object): GpuJsPipeline
  destroy(): Promise<void>
}

export interface GpuJsModule {
  readonly GPU: { new (settings: { mode: string }): GpuJs; isWebGPUAvailable(): Promise<boolean> }
  /** Marks a flat array with its extents: what gpu.js uploads without looking at elements. */
  readonly input: (data: Float32Array, size: readonly number[]) => unknown
}

/** @throws RepriseError RPR_KERNEL_MISSING where gpu.js is not installed */
export async function loadGpuJs(): Promise<GpuJsModule> {
  try {
    const loaded: unknown = await import('gpu.js')
    return (loaded as { default: GpuJsModule }).default
  } catch (cause) {
    throw new RepriseError('RPR_KERNEL_MISSING', 'gpu.js is not installed.', {
      hint: "Install 'gpu.js' 2.24.1, or use the reference kernels, which need nothing.",
      cause,
    })
  }
}
