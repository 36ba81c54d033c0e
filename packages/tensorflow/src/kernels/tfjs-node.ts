/**
 * The kernels and the backend class of TensorFlow.js's Node.js package (Apache-2.0): files of
 * `@tensorflow/tfjs-node-gpu` that load neither its entry nor its add-on. Published builds of this package carry them
 * in one file, because that package's install script fails; in the workspace they come from the package itself.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { KernelBackend } from '@tensorflow/tfjs-core'
import type { OpAttribute } from '../native/attributes.ts'
import type { TensorMetadata, TensorValues } from '../native/binding.ts'

/** What a native add-on offers; the part that is used here. */
export interface Binding {
  readonly TF_Version: string
  isUsingGpuDevice(): boolean
  getNumOfTensors(): number
  createTensor(shape: readonly number[], dtype: number, values: TensorValues): number
  deleteTensor(id: number): void
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    outputs: number,
  ): TensorMetadata[]
}

/** What the class has beyond the general interface. */
export interface TensorFlowBackend extends KernelBackend {
  readonly binding: Binding
  readonly isUsingGpuDevice: boolean
}

export interface TfjsNode {
  readonly Backend: new (binding: Binding, packageName: string) => TensorFlowBackend
  /** Registers the kernels for the backend `tensorflow`. */
  registerKernels(): void
}

const BUNDLE = fileURLToPath(new URL('./tfjs-node-kernels.cjs', import.meta.url))

export function loadTfjsNode(): TfjsNode {
  const require = createRequire(import.meta.url)
  if (existsSync(BUNDLE)) {
    const { NodeJSKernelBackend, registerKernels } = require(BUNDLE) as {
      NodeJSKernelBackend: TfjsNode['Backend']
      registerKernels: () => void
    }
    return { Backend: NodeJSKernelBackend, registerKernels }
  }
  shim(require('node:util') as Record<string, unknown>)
  const folder = '@tensorflow/tfjs-node-gpu/dist'
  const { NodeJSKernelBackend } = require(`${folder}/nodejs_kernel_backend.js`) as {
    NodeJSKernelBackend: TfjsNode['Backend']
  }
  return { Backend: NodeJSKernelBackend, registerKernels: () => require(`${folder}/register_all_kernels.js`) }
}

/** The kernels call functions of `util` that Node.js 22 warns about and 23 has not. */
function shim(util: Record<string, unknown>): void {
  util['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined
  util['isArray'] = Array.isArray
}
