/** The kernels of the backend `tensorflow`: TensorFlow.js's own for Node.js, completed and put right. */
import {
  getKernel,
  getKernelsForBackend,
  type KernelFunc,
  registerKernel,
  tidy,
  unregisterKernel,
} from '@tensorflow/tfjs-core'
import { CORRECTIONS } from './corrections.ts'
import { MISSING, PARTIAL } from './missing.ts'
import { loadCpuBackend, onCpu } from './on-cpu.ts'

const BACKEND = 'tensorflow'

let installed = false

/** @param registerKernels registers TensorFlow.js's own */
export async function installKernels(registerKernels: () => void): Promise<void> {
  if (installed) return
  installed = true
  await loadCpuBackend()
  registerKernels()
  const present = new Set(getKernelsForBackend(BACKEND).map(({ kernelName }) => kernelName))
  for (const kernelName of MISSING) if (!present.has(kernelName)) register(kernelName, onCpu(kernelName))
  for (const kernelName of PARTIAL) replace(kernelName, (original) => rescued(kernelName, original))
  for (const [kernelName, correct] of Object.entries(CORRECTIONS)) replace(kernelName, correct)
}

function register(kernelName: string, kernelFunc: KernelFunc): void {
  registerKernel({ kernelName, backendName: BACKEND, kernelFunc })
}

function replace(kernelName: string, make: (original: KernelFunc) => KernelFunc): void {
  const { kernelFunc } = getKernel(kernelName, BACKEND)
  unregisterKernel(kernelName, BACKEND)
  register(kernelName, make(kernelFunc))
}

/** TensorFlow where it takes the call, else the cpu backend. */
function rescued(kernelName: string, original: KernelFunc): KernelFunc {
  const there = onCpu(kernelName)
  return (params) => {
    try {
      // The kernels leave tensors behind when they throw.
      return tidy(() => original(params) as never)
    } catch (error) {
      if (!isRefusal(error)) throw error
      return there(params)
    }
  }
}

/** Status codes of TensorFlow that say a call is not for it: invalid argument, not found (a kernel), unimplemented. */
const REFUSALS = new Set(['3', '5', '12'])

/** Not a lack of memory, nor a fault of a device. */
function isRefusal(error: unknown): boolean {
  const code = /^Invalid TF_Status: (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
  return code === undefined || REFUSALS.has(code)
}
