/** The one place that knows which executors there are and which one `auto` means. */
import { RepriseError, suggest } from '@reprise/core'
import { EagerExecutor } from './eager.ts'
import { EXECUTOR_NAMES, type Executor, type ExecutorName, type LearnerProgram } from './executor.ts'
import { loadBackend, type TfjsBackend } from './tfjs-backends.ts'

export interface CreateExecutorOptions {
  readonly executor: ExecutorName
  readonly program: LearnerProgram
}

/** Executors that need a package of their own, and what it is. */
const NOT_INSTALLED: Partial<Record<ExecutorName, string>> = {
  wasm: 'the compiled WebAssembly target',
  onnx: 'the ONNX Runtime target',
  tensorflow: 'the compiled TensorFlow target',
  'eager:tensorflow': 'the TensorFlow library for TensorFlow.js',
}

const EAGER: Partial<Record<ExecutorName, TfjsBackend>> = { 'eager:cpu': 'cpu', 'eager:wasm': 'wasm' }

/**
 * `auto` is a fixed rule, never a measurement on the spot, so that runs repeat: eager:wasm for every program. It is on a
 * par with eager:cpu for the tiniest networks and about ten times faster from a width of 64 up (README, "Which one").
 */
export function chooseExecutor(executor: string): { name: ExecutorName; reason: string } {
  if (!(EXECUTOR_NAMES as readonly string[]).includes(executor)) {
    throw new RepriseError('RPR_EXECUTOR_UNKNOWN', `Unknown executor '${executor}'.`, {
      value: executor,
      hint: suggest(executor, EXECUTOR_NAMES),
    })
  }
  if (executor === 'auto') {
    return {
      name: 'eager:wasm',
      reason: 'auto means eager:wasm: the fastest that is installed for all but the tiniest networks',
    }
  }
  return { name: executor as ExecutorName, reason: `asked for by name: ${executor}` }
}

/**
 * Starts what `executor` names, with the program's initial state in it.
 * @throws RepriseError RPR_EXECUTOR_UNKNOWN, RPR_EXECUTOR_MISSING
 */
export async function createExecutor({ executor, program }: CreateExecutorOptions): Promise<Executor> {
  const { name, reason } = chooseExecutor(executor)
  const backend = EAGER[name]
  if (backend === undefined) {
    throw new RepriseError(
      'RPR_EXECUTOR_MISSING',
      `Executor '${name}' needs ${NOT_INSTALLED[name]}, which is not installed.`,
      {
        value: name,
        hint: `Use one that is: ${['auto', ...Object.keys(EAGER)].join(', ')}.`,
      },
    )
  }
  await loadBackend(backend)
  return new EagerExecutor({ program, backend, name: name as 'eager:cpu' | 'eager:wasm', reason })
}

/** Every executor, with why it cannot be used where it cannot. */
export function listExecutors(): { name: ExecutorName; available: boolean; note: string }[] {
  return EXECUTOR_NAMES.map((name) => {
    if (name === 'auto') return { name, available: true, note: `means ${chooseExecutor('auto').name}` }
    const missing = NOT_INSTALLED[name]
    return { name, available: missing === undefined, note: missing === undefined ? '' : `needs ${missing}` }
  })
}
