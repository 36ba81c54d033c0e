/** A built program in a file: its models, bindings and state. Loading it traces and lowers nothing. */
import type { Dtype, HostData, TensorSpec } from '../graph.ts'
import { ARRAYS } from '../infer.ts'
import { readContainer, writeContainer } from './container.ts'
import type { ValueSource } from './lower/lower.ts'
import type { FunctionPlan } from './plan.ts'
import { OnnxProgram } from './program.ts'
import { loadRuntime } from './runtime.ts'
import { checkOptions, type OnnxTargetOptions } from './target.ts'

/** A number in place of bytes: the index of a blob. */
type Stored<T> = T extends Uint8Array ? number : T
type StoredSource =
  | Exclude<ValueSource, { kind: 'constant' }>
  | { kind: 'constant'; name: string; dtype: Dtype; blob: number }
interface StoredPlan extends Omit<FunctionPlan, 'model' | 'feeds' | 'outputs' | 'nextState'> {
  readonly model: Stored<FunctionPlan['model']>
  readonly feeds: readonly { readonly name: string; readonly from: StoredSource }[]
  readonly outputs: Readonly<Record<string, TensorSpec & { readonly from: StoredSource }>>
  readonly nextState: Readonly<Record<string, StoredSource>>
}
interface StoredProgram {
  readonly functions: readonly StoredPlan[]
  readonly state: Readonly<Record<string, TensorSpec & { readonly blob: number }>>
}

/**
 * Writes a program with its present state.
 * @throws RPR_FILE_UNWRITABLE, RPR_COMPILE_DISPOSED
 */
export async function writeOnnxProgram(program: OnnxProgram, path: string): Promise<void> {
  const blobs: Uint8Array[] = []
  const store = (data: HostData): number =>
    blobs.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) - 1
  const storeSource = (from: ValueSource): StoredSource =>
    from.kind === 'constant'
      ? { kind: 'constant', name: from.name, dtype: dtypeOf(from.data), blob: store(from.data) }
      : from
  const functions = program.plans.map(
    (plan): StoredPlan => ({
      ...plan,
      model: plan.model === undefined ? undefined : store(plan.model),
      feeds: plan.feeds.map(({ name, from }) => ({ name, from: storeSource(from) })),
      outputs: mapRecord(plan.outputs, (output) => ({ ...output, from: storeSource(output.from) })),
      nextState: mapRecord(plan.nextState, storeSource),
    }),
  )
  const saved = await program.save()
  const state = mapRecord(program.stateSpecs(), (spec, leaf) => ({ ...spec, blob: store(saved[leaf]!) }))
  const header: StoredProgram = { functions, state }
  await writeContainer(path, { header, blobs })
}

/**
 * Loads what `writeOnnxProgram` wrote: the same functions, ready to run, and the state of that moment.
 * @throws RPR_FILE_MISSING, RPR_CHECKPOINT_CORRUPT, RPR_CHECKPOINT_VERSION, RPR_EXECUTOR_MISSING, RPR_OPTION_RANGE
 */
export async function readOnnxProgram(path: string, options: OnnxTargetOptions = {}): Promise<OnnxProgram> {
  const checked = checkOptions(options)
  const { header, blobs } = await readContainer(path)
  const stored = header as StoredProgram
  const fetch = (dtype: Dtype, blob: number): HostData => {
    const { buffer, byteLength } = blobs[blob]!
    return new ARRAYS[dtype](buffer as ArrayBuffer, 0, byteLength / ARRAYS[dtype].BYTES_PER_ELEMENT)
  }
  const fetchSource = (from: StoredSource): ValueSource =>
    from.kind === 'constant' ? { kind: 'constant', name: from.name, data: fetch(from.dtype, from.blob) } : from
  const state = mapRecord(stored.state, ({ blob, shape, dtype }) => ({ shape, dtype, data: fetch(dtype, blob) }))
  const program = new OnnxProgram(loadRuntime(), checked, state)
  for (const plan of stored.functions) {
    await program.addPlan({
      ...plan,
      model: plan.model === undefined ? undefined : blobs[plan.model]!,
      feeds: plan.feeds.map(({ name, from }) => ({ name, from: fetchSource(from) })),
      outputs: mapRecord(plan.outputs, (output) => ({ ...output, from: fetchSource(output.from) })),
      nextState: mapRecord(plan.nextState, fetchSource),
    })
  }
  return program
}

function dtypeOf(data: HostData): Dtype {
  return data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))
}
