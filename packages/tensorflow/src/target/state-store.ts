/** The state of a program: one tensor handle per leaf, on the device. A handle's values never change; handles do. */
import { type HostData, sizeOf, type TensorSpec } from '@reprise/compile'
import { RepriseError } from '@reprise/core'
import { int64 } from '../native/attributes.ts'
import type { Pointer } from '../native/ffi.ts'
import type { Session } from '../native/session.ts'
import { readInto } from './functions.ts'
import { type Output, type TfGraph, TYPES } from './tf-graph.ts'

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

export class StateStore {
  readonly specs: ReadonlyMap<string, TensorSpec>
  readonly #session: Session
  readonly #handles = new Map<string, Pointer>()

  constructor(session: Session, state: Readonly<Record<string, TensorSpec & { readonly data: HostData }>>) {
    this.#session = session
    this.specs = new Map(Object.entries(state).map(([path, { shape, dtype }]) => [path, { shape: [...shape], dtype }]))
    for (const [path, { data }] of Object.entries(state)) this.#handles.set(path, this.#upload(path, data))
  }

  /** @throws RPR_STATE_MISMATCH where a path is no leaf */
  handles(paths: readonly string[]): Pointer[] {
    return paths.map((path) => this.#handles.get(path) ?? unknown(path))
  }

  /** The leaf as an argument of a function. */
  argument(tf: TfGraph, path: string): Output {
    const { shape, dtype } = this.specs.get(path) ?? unknown(path)
    return tf.argument(dtype, shape)
  }

  replace(paths: readonly string[], handles: readonly Pointer[]): void {
    paths.forEach((path, i) => {
      this.#session.api.TFE_DeleteTensorHandle(this.#handles.get(path) ?? unknown(path))
      this.#handles.set(path, handles[i]!)
    })
  }

  save(): Record<string, HostData> {
    const saved: Record<string, HostData> = {}
    for (const [path, { shape, dtype }] of this.specs) {
      saved[path] = new ARRAYS[dtype](sizeOf(shape))
      readInto(this.#session, this.#handles.get(path)!, saved[path])
    }
    return saved
  }

  /** @throws RPR_STATE_MISMATCH where a leaf is missing, unknown or of another type or length; nothing changes then */
  load(state: Readonly<Record<string, HostData>>): void {
    for (const path of Object.keys(state)) if (!this.specs.has(path)) unknown(path)
    for (const [path, spec] of this.specs) check(path, spec, state[path])
    for (const path of this.specs.keys()) this.replace([path], [this.#upload(path, state[path]!)])
  }

  delete(): void {
    for (const handle of this.#handles.values()) this.#session.api.TFE_DeleteTensorHandle(handle)
    this.#handles.clear()
  }

  #upload(path: string, data: HostData): Pointer {
    const spec = this.specs.get(path)!
    check(path, spec, data)
    const { api, ffi, status, context, device } = this.#session
    const { shape, dtype } = spec
    const tensor = api.TF_AllocateTensor(TYPES[dtype], int64(shape), shape.length, data.byteLength)
    if (data.byteLength > 0) ffi.copyIn(api.TF_TensorData(tensor), data, data.byteLength)
    const here = api.TFE_NewTensorHandle(tensor, status.pointer)
    api.TF_DeleteTensor(tensor)
    status.check()
    const there = api.TFE_TensorHandleCopyToDevice(here, context, ffi.intern(device.name), status.pointer)
    api.TFE_DeleteTensorHandle(here)
    status.check()
    return there
  }
}

function check(path: string, { shape, dtype }: TensorSpec, data: HostData | undefined): void {
  if (data === undefined) throw mismatch(path, 'is missing', undefined)
  const length = sizeOf(shape)
  if (data instanceof ARRAYS[dtype] && data.length === length) return
  throw mismatch(path, `needs ${length} values of ${dtype}, not ${data.length} in a ${data.constructor.name}`, path)
}

function unknown(path: string): never {
  throw mismatch(path, 'is no leaf of this program', path)
}

function mismatch(path: string, problem: string, value: unknown): RepriseError {
  return new RepriseError('RPR_STATE_MISMATCH', `State '${path}' ${problem}.`, { value })
}
