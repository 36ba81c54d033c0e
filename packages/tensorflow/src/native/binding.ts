/**
 * The interface that TensorFlow.js's Node.js kernels expect of their native add-on, over TensorFlow's C API.
 * Tensors are known by number; what a number stands for is a TFE_TensorHandle.
 */
import { RepriseError } from '@reprise/core'
import { int64, type OpAttribute, setAttribute } from './attributes.ts'
import * as c from './c-api.ts'
import type { Pointer } from './ffi.ts'
import type { Session } from './session.ts'
import { freeStrings, readStrings, STRING_BYTES, writeStrings } from './strings.ts'

export type TensorValues = Float32Array | Int32Array | Uint8Array | readonly Uint8Array[]

export interface TensorMetadata {
  readonly id: number
  readonly shape: number[]
  /** TF_DataType */
  dtype: number
}

type ReadArray = Float32Array | Int32Array | Uint8Array | BigInt64Array

/** What an array of a dtype is read into. */
const ARRAYS: Readonly<Record<number, new (length: number) => ReadArray>> = {
  [c.TF_FLOAT]: Float32Array,
  [c.TF_COMPLEX64]: Float32Array,
  [c.TF_INT32]: Int32Array,
  [c.TF_INT64]: BigInt64Array,
  [c.TF_BOOL]: Uint8Array,
  [c.TF_UINT8]: Uint8Array,
  [c.TF_RESOURCE]: Uint8Array,
}

type ArrayConstructor = typeof Float32Array | typeof Int32Array | typeof Uint8Array

/** Arrays that hold a dtype, and how many of their elements one value takes. */
const HELD: Readonly<Record<number, readonly [array: ArrayConstructor, elements: number]>> = {
  [c.TF_FLOAT]: [Float32Array, 1],
  [c.TF_COMPLEX64]: [Float32Array, 2],
  [c.TF_INT32]: [Int32Array, 1],
  [c.TF_INT64]: [Int32Array, 2],
  [c.TF_BOOL]: [Uint8Array, 1],
  [c.TF_UINT8]: [Uint8Array, 1],
}

export class NativeBinding {
  readonly TF_FLOAT = c.TF_FLOAT
  readonly TF_INT32 = c.TF_INT32
  readonly TF_INT64 = c.TF_INT64
  readonly TF_BOOL = c.TF_BOOL
  readonly TF_COMPLEX64 = c.TF_COMPLEX64
  readonly TF_STRING = c.TF_STRING
  readonly TF_RESOURCE = c.TF_RESOURCE
  readonly TF_UINT8 = c.TF_UINT8
  readonly TF_ATTR_STRING = c.TF_ATTR_STRING
  readonly TF_ATTR_INT = c.TF_ATTR_INT
  readonly TF_ATTR_FLOAT = c.TF_ATTR_FLOAT
  readonly TF_ATTR_BOOL = c.TF_ATTR_BOOL
  readonly TF_ATTR_TYPE = c.TF_ATTR_TYPE
  readonly TF_ATTR_SHAPE = c.TF_ATTR_SHAPE
  readonly TF_ATTR_RESOURCE = 6
  readonly TF_Version: string

  readonly #session: Session
  readonly #handles = new Map<number, Pointer>()
  readonly #deviceName: Pointer
  /** Of TFE_Execute: pointers to results, and their number. */
  readonly #results = new BigUint64Array(64)
  readonly #count = new Int32Array(1)
  #next = 0

  constructor(session: Session) {
    this.#session = session
    this.#deviceName = session.ffi.intern(session.device.name)
    this.TF_Version = session.version
  }

  isUsingGpuDevice(): boolean {
    return this.#session.device.type === 'GPU'
  }

  getNumOfTensors(): number {
    return this.#handles.size
  }

  /** @throws Error where array, shape and dtype do not fit together */
  createTensor(shape: readonly number[], dtype: number, values: TensorValues): number {
    const handle = Array.isArray(values)
      ? this.#createStrings(shape, values as readonly Uint8Array[])
      : this.#createNumbers(shape, dtype, values as Exclude<TensorValues, readonly Uint8Array[]>)
    // Kernels for the GPU expect their int32 operands in the host's memory.
    const host = dtype === c.TF_INT32 || dtype === c.TF_STRING
    return this.#hold(host || !this.isUsingGpuDevice() ? handle : this.#moveToDevice(handle))
  }

  #createNumbers(shape: readonly number[], dtype: number, values: Float32Array | Int32Array | Uint8Array): Pointer {
    const held = HELD[dtype]
    if (held === undefined || !(values instanceof held[0])) {
      throw new Error(`Tensor type ${dtype} does not match ${values.constructor.name}`)
    }
    const elements = shape.reduce((product, size) => product * size, held[1])
    if (elements !== values.length) {
      throw new Error(`Shape [${shape}] does not match an array of ${values.length} elements`)
    }
    const { api, ffi } = this.#session
    const tensor = api.TF_AllocateTensor(dtype, int64(shape), shape.length, values.byteLength)
    if (values.byteLength > 0) ffi.copyIn(api.TF_TensorData(tensor), values, values.byteLength)
    return this.#handleOf(tensor)
  }

  #createStrings(shape: readonly number[], strings: readonly Uint8Array[]): Pointer {
    if (!strings.every((each) => each instanceof Uint8Array)) {
      throw new Error('Unsupported array type - expecting Uint8Array')
    }
    const { api } = this.#session
    const tensor = api.TF_AllocateTensor(c.TF_STRING, int64(shape), shape.length, strings.length * STRING_BYTES)
    const data = strings.length > 0 ? api.TF_TensorData(tensor) : 0
    writeStrings(api, data, strings)
    const ours = this.#handleOf(tensor)
    // TensorFlow frees long strings of tensors that it made itself, and of no others: it gets one of its own.
    const theirs = this.#execute('DeepCopy', [{ name: 'T', type: c.TF_ATTR_TYPE, value: c.TF_STRING }], [ours], 1)[0]!
    freeStrings(api, data, strings.length)
    api.TFE_DeleteTensorHandle(ours)
    return theirs
  }

  #handleOf(tensor: Pointer): Pointer {
    const { api, status } = this.#session
    const handle = api.TFE_NewTensorHandle(tensor, status.pointer)
    api.TF_DeleteTensor(tensor)
    status.check()
    return handle
  }

  #moveToDevice(handle: Pointer): Pointer {
    const { api, status, context } = this.#session
    const moved = api.TFE_TensorHandleCopyToDevice(handle, context, this.#deviceName, status.pointer)
    api.TFE_DeleteTensorHandle(handle)
    status.check()
    return moved
  }

  deleteTensor(id: number): void {
    this.#session.api.TFE_DeleteTensorHandle(this.handle(id))
    this.#handles.delete(id)
  }

  tensorDataSync(id: number): ReadArray | Uint8Array[] {
    const { api, ffi, status } = this.#session
    const tensor = api.TFE_TensorHandleResolve(this.handle(id), status.pointer)
    status.check()
    const dtype = api.TFE_TensorHandleDataType(this.handle(id))
    try {
      if (dtype === c.TF_STRING) {
        return readStrings(api, ffi, api.TF_TensorData(tensor), api.TF_TensorElementCount(tensor))
      }
      const Constructor = ARRAYS[dtype]
      if (Constructor === undefined) throw new Error(`Unhandled TF_DataType: ${dtype}`)
      const bytes = api.TF_TensorByteSize(tensor)
      const values = new Constructor(bytes / (Constructor as unknown as typeof Float32Array).BYTES_PER_ELEMENT)
      if (bytes > 0) ffi.copyOut(values, api.TF_TensorData(tensor), bytes)
      return values
    } finally {
      api.TF_DeleteTensor(tensor)
    }
  }

  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    numOutputs: number,
  ): TensorMetadata[] {
    const inputs = inputIds.map((id) => this.handle(id))
    return this.#execute(name, attributes, inputs, numOutputs).map((handle) => this.#describe(handle))
  }

  #execute(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Pointer[],
    numOutputs: number,
  ): Pointer[] {
    const { api, ffi, status, context } = this.#session
    const op = api.TFE_NewOp(context, ffi.intern(name), status.pointer)
    status.check()
    try {
      for (const input of inputs) {
        api.TFE_OpAddInput(op, input, status.pointer)
        status.check()
      }
      for (const attribute of attributes) setAttribute(api, ffi, status, op, attribute)
      const results = numOutputs <= this.#results.length ? this.#results : new BigUint64Array(numOutputs)
      this.#count[0] = numOutputs
      api.TFE_Execute(op, results, this.#count, status.pointer)
      status.check()
      return Array.from({ length: this.#count[0]! }, (_, i) => Number(results[i]!))
    } finally {
      api.TFE_DeleteOp(op)
    }
  }

  #describe(handle: Pointer): TensorMetadata {
    const { api, status } = this.#session
    const rank = api.TFE_TensorHandleNumDims(handle, status.pointer)
    status.check()
    const shape = new Array<number>(rank)
    for (let i = 0; i < rank; i++) shape[i] = api.TFE_TensorHandleDim(handle, i, status.pointer)
    status.check()
    return { id: this.#hold(handle), shape, dtype: api.TFE_TensorHandleDataType(handle) }
  }

  #hold(handle: Pointer): number {
    this.#handles.set(this.#next, handle)
    return this.#next++
  }

  /** The TFE_TensorHandle of a number. */
  handle(id: number): Pointer {
    const handle = this.#handles.get(id)
    if (handle === undefined) throw new Error(`Tensor not referenced (tensor_id: ${id})`)
    return handle
  }

  loadSavedModel(): never {
    return unsupported('loaded')
  }
  runSavedModel(): never {
    return unsupported('run')
  }
  deleteSavedModel(): never {
    return unsupported('deleted')
  }
  getNumOfSavedModels(): number {
    return 0
  }
}

function unsupported(what: string): never {
  throw new RepriseError('RPR_TENSORFLOW_UNSUPPORTED', `A saved model cannot be ${what} by this backend.`, {
    hint: 'It runs TensorFlow.js operations; convert the model to a TensorFlow.js graph or layers model.',
  })
}
