export { relativeError, toFloat32, unfilled } from './arrays.ts'
export * as assembler from './assembler.ts'
export {
  type Crossover,
  defineKernel,
  type Implementation,
  type Kernel,
  type KernelChoice,
  type KernelDefinition,
  type KernelExecutor,
  type KernelRun,
  MOST_CELLS,
} from './define-kernel.ts'
export { type Executed, GPU_EXECUTORS, type GpuExecutor } from './executor.ts'
export type { Handle, KernelArray, KernelSettings, KernelSource, KernelThis } from './gpu-js.ts'
export {
  closeGpu,
  type GpuRuntime,
  type MakeKernel,
  openGpu,
  PLAN_LIMIT,
  type Plan,
  whyUnavailable,
} from './runtime.ts'
