import { RepriseError } from '@reprise/core'
import { assertExecuted, checkExecutor, type Executed, type GpuExecutor } from './executor.ts'
import {
  type GpuJs,
  type GpuJsModule,
  type Handle,
  type KernelSettings,
  type KernelSource,
  loadGpuJs,
} from './gpu-js.ts'
import { installWebGpu } from './web-gpu.ts'

/** A compiled kernel or pipeline for inputs of fixed lengths. */
export interface Plan {
  readonly name: string
  /**
   * Flat float32 arrays in, fresh arrays out. Concurrent calls run one after the other.
   * @throws RepriseError RPR_KERNEL_DEGRADED where something else ran than the executor; RPR_KERNEL_CLOSED
   */
  run(...inputs: Float32Array[]): Promise<Float32Array[]>
  /** What the last call ran on. */
  readonly executed: Executed | undefined
}

/** Makes a kernel while a plan is built. What it returns is called once, to record a step of the pipeline. */
export type MakeKernel = (source: KernelSource, settings: KernelSettings) => (...inputs: Handle[]) => Handle

export interface GpuRuntime {
  readonly executor: GpuExecutor
  /** The plan of this name and lengths, one kernel, compiled when it is first called. */
  kernel(name: string, lengths: readonly number[], source: KernelSource, settings: KernelSettings): Plan
  /**
   * The same for several passes, which gpu.js fuses into one plan with intermediates kept where it runs. `orchestrate`
   * gets handles and returns the results' handles.
   */
  pipeline(
    name: string,
    lengths: readonly number[],
    build: (make: MakeKernel) => (...inputs: Handle[]) => Handle[],
  ): Plan
  /** Compiled plans held. */
  readonly plans: number
}

/** Compiled plans kept per executor; the one unused for longest goes. */
export const PLAN_LIMIT = 64

class Runtime implements GpuRuntime {
  readonly executor: GpuExecutor
  readonly #gpuJs: GpuJsModule
  readonly #gpu: GpuJs
  readonly #plans = new Map<string, OwnedPlan>()
  readonly #release: () => void
  #closed = false

  constructor(executor: GpuExecutor, gpuJs: GpuJsModule, release: () => void) {
    this.executor = executor
    this.#gpuJs = gpuJs
    this.#gpu = new gpuJs.GPU({ mode: executor })
    this.#release = release
  }

  get plans(): number {
    return this.#plans.size
  }

  kernel(name: string, lengths: readonly number[], source: KernelSource, settings: KernelSettings): Plan {
    return this.#planned(name, lengths, settings.constants, () => {
      const kernel = this.#gpu.createKernel(source, { ...kernelSettings(settings), asyncMode: true })
      return {
        call: (inputs) => kernel(...inputs).then((result) => [result as Float32Array]),
        executed: () => {
          // gpu.js replaces the kernel behind the shortcut where it degrades.
          const actual = kernel.kernel
          const fallbackReason = actual.fallbackReason ?? null
          return { executorKind: 'kernel', backend: actual.constructor.mode, fallbackReason }
        },
        destroy: async () => kernel.destroy(),
      }
    })
  }

  pipeline(
    name: string,
    lengths: readonly number[],
    build: (make: MakeKernel) => (...inputs: Handle[]) => Handle[],
  ): Plan {
    return this.#planned(name, lengths, undefined, () => {
      const kernels: { destroy(): void }[] = []
      const make: MakeKernel = (source, settings) => {
        const kernel = this.#gpu.createKernel(source, kernelSettings(settings))
        kernels.push(kernel)
        return kernel as unknown as (...inputs: Handle[]) => Handle
      }
      const pipeline = this.#gpu.createPipeline(withParameters(lengths.length, build(make)))
      return {
        call: async (inputs) => (await pipeline(...inputs)) as Float32Array[],
        executed: () => ({
          executorKind: pipeline.executorKind,
          backend: pipeline.backend ?? 'none',
          fallbackReason: pipeline.fallbackReason,
        }),
        destroy: async () => {
          await pipeline.destroy()
          for (const kernel of kernels) kernel.destroy()
        },
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const plan of this.#plans.values()) await plan.destroy()
    this.#plans.clear()
    await this.#gpu.destroy()
    this.#release()
  }

  #planned(
    name: string,
    lengths: readonly number[],
    constants: KernelSettings['constants'],
    compile: () => Compiled,
  ): Plan {
    this.#alive(name)
    const key = `${name} ${lengths.join(',')} ${constants === undefined ? '' : JSON.stringify(constants)}`
    let plan = this.#plans.get(key)
    if (plan === undefined) {
      const marked = (inputs: readonly Float32Array[]) =>
        inputs.map((data, i) => {
          if (data.length !== lengths[i])
            throw new RepriseError('RPR_SHAPE', `Input ${i} of kernel '${name}' has ${data.length} elements.`, {
              value: data.length,
              hint: `It was compiled for ${lengths[i]}.`,
            })
          return this.#gpuJs.input(data, [data.length])
        })
      plan = new OwnedPlan(name, this.executor, compile(), marked, () => this.#alive(name))
    } else this.#plans.delete(key)
    this.#plans.set(key, plan)
    if (this.#plans.size > PLAN_LIMIT) {
      const [oldest, unused] = this.#plans.entries().next().value!
      this.#plans.delete(oldest)
      void unused.destroy()
    }
    return plan
  }

  #alive(name: string): void {
    if (!this.#closed) return
    throw new RepriseError('RPR_KERNEL_CLOSED', `Kernel '${name}' was called on '${this.executor}', which is closed.`, {
      hint: 'Open the executor again with openGpu().',
    })
  }
}

interface Compiled {
  call(inputs: readonly unknown[]): Promise<Float32Array[]>
  executed(): Executed
  destroy(): Promise<void>
}

class OwnedPlan implements Plan {
  readonly name: string
  readonly #executor: GpuExecutor
  readonly #compiled: Compiled
  readonly #marked: (inputs: readonly Float32Array[]) => unknown[]
  readonly #alive: () => void
  #executed: Executed | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(
    name: string,
    executor: GpuExecutor,
    compiled: Compiled,
    marked: (inputs: readonly Float32Array[]) => unknown[],
    alive: () => void,
  ) {
    this.name = name
    this.#executor = executor
    this.#compiled = compiled
    this.#marked = marked
    this.#alive = alive
  }

  get executed(): Executed | undefined {
    return this.#executed
  }

  async run(...inputs: Float32Array[]): Promise<Float32Array[]> {
    this.#alive()
    const result = this.#tail.then(() => this.#compiled.call(this.#marked(inputs)))
    this.#tail = result.catch(() => {})
    const outputs = await result
    this.#executed = this.#compiled.executed()
    assertExecuted(this.#executor, this.name, this.#executed)
    return outputs
  }

  async destroy(): Promise<void> {
    await this.#tail
    await this.#compiled.destroy()
  }
}

function kernelSettings({ output, constants }: KernelSettings): object {
  return { output: [output], constants: { ...constants }, precision: 'single', loopMaxIterations: 2 ** 24 }
}

/** gpu.js counts the declared parameters of an orchestration. */
function withParameters(
  count: number,
  orchestrate: (...inputs: Handle[]) => Handle[],
): (...inputs: Handle[]) => Handle[] {
  Object.defineProperty(orchestrate, 'length', { value: count })
  return orchestrate
}

const open = new Map<GpuExecutor, Promise<Runtime>>()

/**
 * The process's runtime on an executor, started at the first call. Close it (`closeGpu`) when done: Dawn keeps the
 * process alive.
 * @throws RepriseError RPR_OPTION_RANGE, RPR_KERNEL_MISSING, RPR_KERNEL_UNAVAILABLE
 */
export function openGpu(executor: GpuExecutor): Promise<GpuRuntime> {
  const checked = checkExecutor(executor)
  let runtime = open.get(checked)
  if (runtime === undefined) {
    runtime = start(checked)
    open.set(checked, runtime)
    runtime.catch(() => open.delete(checked))
  }
  return runtime
}

async function start(executor: GpuExecutor): Promise<Runtime> {
  const gpuJs = await loadGpuJs()
  const release = executor === 'webgpu' ? await installWebGpu(gpuJs) : () => {}
  return new Runtime(executor, gpuJs, release)
}

/** Ends every runtime that was started; the process can then exit by itself. */
export async function closeGpu(): Promise<void> {
  const runtimes = [...open.values()]
  open.clear()
  for (const runtime of runtimes) await (await runtime.catch(() => undefined))?.close()
}

/** Why an executor cannot start here, or undefined where it can (it is started then). */
export async function whyUnavailable(executor: GpuExecutor): Promise<string | undefined> {
  try {
    await openGpu(executor)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
