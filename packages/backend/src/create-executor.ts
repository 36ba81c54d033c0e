/** The one place that knows which executors there are and which one `auto` means. */
import { RepriseError, suggest } from '@reprise/core'
import { CompiledExecutor, type ExpectedRows } from './compiled.ts'
import { EagerExecutor } from './eager.ts'
import { EXECUTOR_NAMES, type Executor, type ExecutorName, type LearnerProgram } from './executor.ts'
import { onnxRuntimeVersion } from './onnx-runtime.ts'
import { offerGpu, startTensorFlow, tensorFlowNeeds } from './tensorflow.ts'
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
async function missing(name: ExecutorName): Promise<string | undefined> {
  if (name === 'tensorflow' || name === 'eager:tensorflow') return tensorFlowNeeds()
  if (name === 'onnx' && onnxRuntimeVersion() === undefined)
    return "the package 'onnxruntime-node', which is not installed"
  return undefined
}

const EAGER: Partial<Record<ExecutorName, TfjsBackend>> = {
  'eager:cpu': 'cpu',
  'eager:wasm': 'wasm',
  'eager:tensorflow': 'tensorflow',
}

const AUTO = 'wasm, compiled; onnx for large networks; tensorflow for very large ones on a GPU'

/** @throws RepriseError RPR_EXECUTOR_UNKNOWN, RPR_EXECUTOR_MISSING */
export async function checkExecutor(executor: string): Promise<ExecutorName> {
  if (!(EXECUTOR_NAMES as readonly string[]).includes(executor)) {
    throw new RepriseError('RPR_EXECUTOR_UNKNOWN', `Unknown executor '${executor}'.`, {
      value: executor,
      hint: suggest(executor, EXECUTOR_NAMES),
    })
  }
  const name = executor as ExecutorName
  const needs = await missing(name)
  if (needs !== undefined) {
    const here = (await listExecutors()).filter(({ available }) => available).map((other) => other.name)
    throw new RepriseError('RPR_EXECUTOR_MISSING', `Executor '${name}' needs ${needs}.`, {
      value: name,
      hint: `Or use one that is there: ${here.join(', ')}.`,
    })
  }
  return name
}

/**
 * Starts what `executor` names, with the program's initial state in it. `auto` is a fixed rule, never a measurement on
 * the spot, so that runs repeat: compiled to WebAssembly, or for ONNX Runtime above a number of operations per update,
 * or by TensorFlow above another where that has a GPU (packages/compile, cost.ts); op by op on eager:wasm only where neither target can run the program.
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
  const name = await checkExecutor(executor)
  const backend = EAGER[name]
  const asked = `asked for by name: ${name}`
  if (backend !== undefined) {
    await loadBackend(backend)
    const { deterministic, where } =
      backend === 'tensorflow' ? await startTensorFlow('eager:tensorflow') : { deterministic: true, where: '' }
    return new EagerExecutor({
      program,
      backend,
      name: name as `eager:${TfjsBackend}`,
      reason: `${asked}${where}`,
      deterministic,
    })
  }
  if (name === 'auto') await offerGpu()
  const { deterministic, where } =
    name === 'tensorflow' ? await startTensorFlow('tensorflow') : { deterministic: true, where: '' }
  const compiled = new CompiledExecutor({
    program,
    target: name as 'auto' | 'wasm' | 'onnx' | 'tensorflow',
    rows: { act: rows?.act ?? 1, decide: rows?.decide ?? 1, batch: program.usualRows ?? 256 },
    reason: `${asked}${where}`,
    deterministic,
    ...(warn ? { warn: ({ message }: { message: string }) => warn(message) } : {}),
  })
  if (compiled.compiles) return compiled
  compiled.dispose()
  await loadBackend('wasm')
  return new EagerExecutor({ program, backend: 'wasm', name: 'eager:wasm', reason: compiled.reason })
}

/** Every executor, with why it cannot be used where it cannot. */
export async function listExecutors(): Promise<{ name: ExecutorName; available: boolean; note: string }[]> {
  return Promise.all(
    EXECUTOR_NAMES.map(async (name) => {
      if (name === 'auto') return { name, available: true, note: `means ${AUTO}` }
      const needs = await missing(name)
      return { name, available: needs === undefined, note: needs === undefined ? '' : `needs ${needs}` }
    }),
  )
}
