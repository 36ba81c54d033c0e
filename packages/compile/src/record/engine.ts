/**
 * The parts of TensorFlow.js's engine that a recording borrows. They are not in its public types, so they are named here
 * once; `lend` puts every one back, whatever happens in between.
 */
import { engine, type KernelBackend, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core'

interface EngineState {
  scopeStack: unknown[]
  activeScope: unknown
  activeTape: unknown
  gradientDepth: number
  kernelDepth: number
  numTensors: number
  numBytes: number
  numDataBuffers: number
  numStringTensors: number
  tensorInfo: { delete(dataId: object): boolean }
}

export interface Engine {
  backendName: string | null
  backendInstance: KernelBackend | null
  pendingBackendInit: unknown
  state: EngineState
  startScope(name?: string): void
  makeTensorFromTensorInfo(info: TensorInfo, backend?: KernelBackend): Tensor
  [method: string]: unknown
}

export function currentEngine(): Engine {
  return engine() as unknown as Engine
}

/**
 * Runs `body` with another backend active and some of the engine's methods replaced; afterwards backend, methods,
 * scopes, tape and counters are as they were. Tensors made by `body` are gone.
 */
export function lend<T>(
  backend: KernelBackend & { readonly live: Iterable<object> },
  backendName: string,
  methods: Readonly<Record<string, (...args: never[]) => unknown>>,
  body: (engine: Engine) => T,
): T {
  const borrowed = currentEngine()
  const { state } = borrowed
  const { backendName: name, backendInstance: instance, pendingBackendInit: pending } = borrowed
  const { activeScope, activeTape, gradientDepth, kernelDepth } = state
  const { numTensors, numBytes, numDataBuffers, numStringTensors } = state
  const scopes = state.scopeStack.length
  const own = Object.keys(methods).map((key) => [key, Object.getOwnPropertyDescriptor(borrowed, key)] as const)
  try {
    borrowed.backendName = backendName
    borrowed.backendInstance = backend
    borrowed.pendingBackendInit = null
    Object.assign(borrowed, methods)
    // A fresh tape and depth: the caller may itself be inside a gradient.
    Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 })
    borrowed.startScope('recording')
    return body(borrowed)
  } finally {
    for (const [key, descriptor] of own) {
      if (descriptor === undefined) delete borrowed[key]
      else Object.defineProperty(borrowed, key, descriptor)
    }
    for (const dataId of backend.live) state.tensorInfo.delete(dataId)
    state.scopeStack.length = scopes
    Object.assign(state, { activeScope, activeTape, gradientDepth, kernelDepth })
    Object.assign(state, { numTensors, numBytes, numDataBuffers, numStringTensors })
    Object.assign(borrowed, { backendName: name, backendInstance: instance, pendingBackendInit: pending })
  }
}
