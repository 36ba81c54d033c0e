/**
 * Host memory that a function reads its arguments from. On the processor TensorFlow reads it in place: the tensor is
 * made once, over memory of JavaScript's. On a GPU it is copied there for each call, in one piece.
 */
import type { Dtype, HostData } from '@reprise/compile'
import { int64 } from '../native/attributes.ts'
import type { Pointer } from '../native/ffi.ts'
import type { Session } from '../native/session.ts'
import { TYPES } from './tf-graph.ts'

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/** What TensorFlow reads in place starts at a multiple of this. */
const ALIGNMENT = 64

export class HostBlock {
  readonly data: HostData
  readonly #session: Session
  readonly #handle: Pointer

  constructor(session: Session, dtype: Dtype, shape: readonly number[]) {
    const { api, ffi, status } = session
    const length = shape.reduce((a, b) => a * b, 1)
    const Constructor = ARRAYS[dtype]
    const bytes = length * Constructor.BYTES_PER_ELEMENT
    // A buffer of its own never moves. One byte more, so that there is always an address.
    const buffer = new ArrayBuffer(bytes + ALIGNMENT)
    const start = ffi.address(new Uint8Array(buffer))
    const offset = (ALIGNMENT - (start % ALIGNMENT)) % ALIGNMENT
    this.data = new Constructor(buffer, offset, length)
    this.#session = session
    const at = start + offset
    const tensor = api.TF_NewTensor(TYPES[dtype], int64(shape), shape.length, at, bytes, ffi.nothing, 0)
    this.#handle = api.TFE_NewTensorHandle(tensor, status.pointer)
    const inPlace = bytes === 0 || api.TF_TensorData(tensor) === at
    api.TF_DeleteTensor(tensor)
    status.check()
    if (!inPlace) throw new Error('TensorFlow copies host memory that should be read in place.')
  }

  /** Calls `use` with a handle whose values are those of `data` now. */
  with<R>(use: (handle: Pointer) => R): R {
    const { api, status, context, device, ffi } = this.#session
    if (device.type === 'CPU') return use(this.#handle)
    const there = api.TFE_TensorHandleCopyToDevice(this.#handle, context, ffi.intern(device.name), status.pointer)
    status.check()
    try {
      return use(there)
    } finally {
      api.TFE_DeleteTensorHandle(there)
    }
  }

  delete(): void {
    this.#session.api.TFE_DeleteTensorHandle(this.#handle)
  }
}
