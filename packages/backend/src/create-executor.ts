/** The one place that knows which executors there are and which one `auto` means. */
import { RepriseError, suggest } from '@reprise/core'
import { CompiledExecutor, type ExpectedRows } from './compiled.ts'
import { EagerExecutor } from './eager.ts'
import { EXECUTOR_NAMES, type Executor, type ExecutorName, type LearnerProgram } from './executor.ts'
import { onnxRuntimeVersion } from './onnx-runtime.ts'
import { loadBackend, type TfjsBackend } from './tfjs-backends.ts'

export interface CreateExecutorOptions {
  readonly executor: ExecutorName
  readonly program: LearnerProgram
  /** What calls will look like; others work too, each new number of rows is compiled once. */
  readonly rows?: Partial<Pick<ExpectedRows, 'act' | 'decide'>>
  /** Gets what must be said once: a fall-back and why. */
  readonly warn?: (message: string) => void
}

/** Executors that are not here, and what they need. */
function missing(name: ExecutorName): string | undefined {
  if (name === 'tensorflow') return 'the compiled TensorFlow target'
  if (name === 'eager:tensorflow') return 'the TensorFlow library for TensorFlow.js'
  if (name === 'onnx' && onnxRuntimeVersion() === undefined) return "the package 'onnxruntime-node'"
  return undefined
}

const EAGER: Partial<Record<ExecutorName, TfjsBackend>> = { 'eager:cpu': 'cpu', 'eager:wasm': 'wasm' }

const AUTO = 'wasm, compiled; onnx for large networks'

/** @throws RepriseError RPR_EXECUTOR_UNKNOWN, RPR_EXECUTOR_MISSING */
export function checkExecutor(executor: string): ExecutorName {
  if (!(EXECUTOR_NAMES as readonly string[]).includes(executor)) {
    throw new RepriseError('RPR_EXECUTOR_UNKNOWN', `Unknown executor '${executor}'.`, {
      value: executor,
      hint: suggest(executor, EXECUTOR_NAMES),
    })
  }
  const name = executor as ExecutorName
  const needs = missing(name)
  if (needs !== undefined) {
    const here = EXECUTOR_NAMES.filter((other) => missing(other) === undefined)
    throw new RepriseError('RPR_EXECUTOR_MISSING', `Executor '${name}' needs ${needs}, which is not installed.`, {
      value: name,
      hint: `Use one that is: ${here.join(', ')}.`,
    })
  }
  return name
}

/**
 * Starts what `executor` names, with the program's initial state in it. `auto` is a fixed rule, never a measurement on
 * the spot, so that runs repeat: compiled to WebAssembly, or for ONNX Runtime above a number of operations per update
 * (packages/compile, cost.ts); op by op on eager:wasm only where neither target can run the program.
 * @throws RepriseError RPR_EXECUTOR_UNKNOWN, RPR_EXECUTOR_MISSING
 */
export async function createExecutor(options: CreateExecutorOptions): Promise<Executor> {
  const made = last.then(() => start(options))
  last = made.catch(() => {})
  return made
}

/** TensorFlow.js has one active backend per process, and starting one takes several turns: executors start one by one. */
let last: Promise<unknown> = Promise.resolve()

async function start({ executor, program, rows, warn }: CreateExecutorOptions): Promise<Executor> {
  const name = checkExecutor(executor)
  const backend = EAGER[name]
  const asked = `asked for by name: ${name}`
  if (backend !== undefined) {
    await loadBackend(backend)
    return new EagerExecutor({ program, backend, name: name as 'eager:cpu' | 'eager:wasm', reason: asked })
  }
  const compiled = new CompiledExecutor({
    program,
    target: name as 'auto' | 'wasm' | 'onnx',
    rows: { act: rows?.act ?? 1, decide: rows?.decide ?? 1, batch: program.usualRows ?? 256 },
    reason: asked,
    ...(warn ? { warn: ({ message }: { message: string }) => warn(message) } : {}),
  })
  if (compiled.compiles) return compiled
  compiled.dispose()
  await loadBackend('wasm')
  return new EagerExecutor({ program, backend: 'wasm', name: 'eager:wasm', reason: compiled.reason })
}

/** Every executor, with why it cannot be used where it cannot. */
export function listExecutors(): { name: ExecutorName; available: boolean; note: string }[] {
  return EXECUTOR_NAMES.map((name) => {
    if (name === 'auto') return { name, available: true, note: `means ${AUTO}` }
    const needs = missing(name)
    return { name, available: needs === undefined, note: needs === undefined ? '' : `needs ${needs}` }
  })
}
