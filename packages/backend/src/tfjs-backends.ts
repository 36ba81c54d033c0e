/** Loads TensorFlow.js backends when they are first asked for, and makes one of them the active one. */
import { engine, env, scalar, setBackend } from '@tensorflow/tfjs-core'
import { startTensorFlow } from './tensorflow.ts'
import { installWasmKernels } from './wasm-kernels.ts'

export type TfjsBackend = 'cpu' | 'wasm' | 'tensorflow'

const loaders: Record<TfjsBackend, () => Promise<unknown>> = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  wasm: () => import('@tensorflow/tfjs-backend-wasm'),
  tensorflow: () => startTensorFlow('eager:tensorflow'),
}

/** Imports, registers and starts a backend. Afterwards `activate` may switch to it at any time. */
export async function loadBackend(name: TfjsBackend): Promise<void> {
  const handlers = processHandlers()
  await loaders[name]()
  const started = await setBackend(name)
  removeNewHandlers(handlers)
  if (!started) throw new Error(`TensorFlow.js could not start its ${name} backend.`)
  if (name === 'wasm') installWasmKernels()
  // The first tensor of the cpu backend prints advice about another package: made here, where it is held back.
  const prod = env().getBool('PROD')
  env().set('PROD', true)
  scalar(0).dispose()
  env().set('PROD', prod)
}

/** Every entry of an executor calls this first: two of them may run on different backends in one process. */
export function activate(name: TfjsBackend): void {
  // For a backend that has started, setBackend does all its work before it returns its promise.
  if (engine().backendName !== name) void engine().setBackend(name)
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

function processHandlers() {
  return EVENTS.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')))
}

/** The wasm backend's start-up code turns every crash of the process into a dump of its own minified source. */
function removeNewHandlers(before: readonly Set<unknown>[]): void {
  EVENTS.forEach((event, i) => {
    for (const handler of process.listeners(event as 'uncaughtException')) {
      if (!before[i]!.has(handler)) process.removeListener(event, handler)
    }
  })
}
