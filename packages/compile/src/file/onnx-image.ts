/**
 * What the onnx target makes of a program, as it lies in a file: models as ONNX Runtime optimised them, and what to feed
 * them with. Optimising is half of what creating a session takes.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dtype, HostData, TensorSpec } from '../graph.ts'
import type { ValueSource } from '../onnx/lower/lower.ts'
import { type FunctionPlan, planFunction } from '../onnx/plan.ts'
import { OnnxProgram, sessionOptions } from '../onnx/program.ts'
import { loadRuntime } from '../onnx/runtime.ts'
import type { FunctionRequest, ProgramRequest } from '../target.ts'
import { type BlobWriter, blobAs } from './stored-graph.ts'

type StoredSource =
  | Exclude<ValueSource, { kind: 'constant' }>
  | { kind: 'constant'; name: string; dtype: Dtype; blob: number }
interface StoredPlan extends Omit<FunctionPlan, 'model' | 'feeds' | 'outputs' | 'nextState'> {
  readonly model: number | undefined
  readonly feeds: readonly { readonly name: string; readonly from: StoredSource }[]
  readonly outputs: Readonly<Record<string, TensorSpec & { readonly from: StoredSource }>>
  readonly nextState: Readonly<Record<string, StoredSource>>
}
export type OnnxImage = readonly StoredPlan[]

const OPTIONS = { provider: 'cpu', threads: undefined } as const

/** Where an image holds: optimised models depend on the version and on what the processor can do. */
export function onnxImageKey(): string {
  return JSON.stringify([loadRuntime().env.versions, process.arch, cpus()[0]?.model])
}

export async function storeOnnxImage(functions: readonly FunctionRequest[], blobs: BlobWriter): Promise<OnnxImage> {
  const storeSource = (from: ValueSource): StoredSource =>
    from.kind === 'constant'
      ? { kind: 'constant', name: from.name, dtype: dtypeOf(from.data), blob: blobs.add(from.data) }
      : from
  const folder = await mkdtemp(join(tmpdir(), 'reprise-onnx-'))
  try {
    const stored: StoredPlan[] = []
    for (const fn of functions) {
      const plan = planFunction(fn)
      stored.push({
        ...plan,
        model: plan.model && blobs.add(await optimise(plan, plan.model, join(folder, `${stored.length}.onnx`))),
        optimised: true,
        feeds: plan.feeds.map(({ name, from }) => ({ name, from: storeSource(from) })),
        outputs: mapRecord(plan.outputs, (output) => ({ ...output, from: storeSource(output.from) })),
        nextState: mapRecord(plan.nextState, storeSource),
      })
    }
    return stored
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** ONNX Runtime gives an optimised model only as a file. */
async function optimise(plan: FunctionPlan, model: Uint8Array, path: string): Promise<Uint8Array> {
  const options = { ...sessionOptions(plan, OPTIONS), optimizedModelFilePath: path }
  const session = await loadRuntime().InferenceSession.create(model, options)
  await session.release()
  return readFile(path)
}

/** The program of an image, with the state of the request. */
export async function startOnnxImage(
  image: OnnxImage,
  blobs: readonly Uint8Array[],
  request: ProgramRequest,
): Promise<OnnxProgram> {
  const source = (from: StoredSource): ValueSource =>
    from.kind === 'constant' ? { kind: 'constant', name: from.name, data: blobAs(from.dtype, blobs[from.blob]!) } : from
  const program = new OnnxProgram(loadRuntime(), OPTIONS, request.state)
  for (const plan of image) {
    await program.addPlan({
      ...plan,
      model: plan.model === undefined ? undefined : blobs[plan.model]!,
      feeds: plan.feeds.map(({ name, from }) => ({ name, from: source(from) })),
      outputs: mapRecord(plan.outputs, (output) => ({ ...output, from: source(output.from) })),
      nextState: mapRecord(plan.nextState, source),
    })
  }
  return program
}

function dtypeOf(data: HostData): Dtype {
  return data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
