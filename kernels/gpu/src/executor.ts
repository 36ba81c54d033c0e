import { RepriseError, suggest } from '@reprise/core'

/** Where gpu.js runs kernels: a GPU (Dawn), WebAssembly with SIMD and threads, or JavaScript on one core. */
export const GPU_EXECUTORS = ['webgpu', 'webasm', 'cpu'] as const
export type GpuExecutor = (typeof GPU_EXECUTORS)[number]

/** @throws RepriseError RPR_OPTION_RANGE for any other name */
export function checkExecutor(name: string): GpuExecutor {
  const found = GPU_EXECUTORS.find((executor) => executor === name)
  if (found !== undefined) return found
  throw new RepriseError('RPR_OPTION_RANGE', `No gpu.js executor is called '${name}'.`, {
    value: name,
    hint: suggest(name, GPU_EXECUTORS),
  })
}

/** What gpu.js says about a call: kept with every measurement, and checked after every call. */
export interface Executed {
  /** `kernel` for one kernel; for a pipeline `generic`, `fused-sync`, `fused-threaded` or `fused-encoder`. */
  readonly executorKind: string
  readonly backend: string
  readonly fallbackReason: string | null
}

/** @throws RepriseError RPR_KERNEL_DEGRADED where something else ran than `executor` */
export function assertExecuted(executor: GpuExecutor, name: string, executed: Executed): void {
  const { executorKind, backend, fallbackReason } = executed
  // JavaScript has nothing to fuse: there `generic` is the whole of it, and gpu.js gives a reason for that too.
  const fused = executorKind !== 'generic' || executor === 'cpu'
  if (backend === executor && fused && (fallbackReason === null || executor === 'cpu')) return
  throw new RepriseError(
    'RPR_KERNEL_DEGRADED',
    `Kernel '${name}' was asked for on '${executor}' and ran on '${backend}' (${executorKind}): ${fallbackReason ?? 'no reason given'}.`,
    { value: executed, hint: 'Choose another executor, or the reference.' },
  )
}
