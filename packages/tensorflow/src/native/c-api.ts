/**
 * TensorFlow's C API, the part used here: `tensorflow/c/c_api.h` and `tensorflow/c/eager/c_api.h`. Stable since
 * TensorFlow 2.0. Pointers are numbers; `status` receives what went wrong.
 */
import type { NativeLibrary, Pointer } from './ffi.ts'

const P = 'uintptr_t'

/** name: [result, parameters] */
const SIGNATURES = {
  TF_Version: ['str', []],
  TF_NewStatus: [P, []],
  TF_DeleteStatus: ['void', [P]],
  TF_SetStatus: ['void', [P, 'int', 'str']],
  TF_GetCode: ['int', [P]],
  TF_Message: ['str', [P]],

  TF_AllocateTensor: [P, ['int', 'const int64_t *', 'int', 'size_t']],
  TF_NewTensor: [P, ['int', 'const int64_t *', 'int', P, 'size_t', P, P]],
  TF_DeleteTensor: ['void', [P]],
  TF_TensorData: [P, [P]],
  TF_TensorByteSize: ['size_t', [P]],
  TF_TensorElementCount: ['int64_t', [P]],
  TF_StringInit: ['void', [P]],
  TF_StringCopy: ['void', [P, 'const void *', 'size_t']],
  TF_StringDealloc: ['void', [P]],
  TF_StringGetDataPointer: [P, [P]],
  TF_StringGetSize: ['size_t', [P]],

  TFE_NewContextOptions: [P, []],
  TFE_ContextOptionsSetConfig: ['void', [P, 'const void *', 'size_t', P]],
  TFE_DeleteContextOptions: ['void', [P]],
  TFE_NewContext: [P, [P, P]],
  TFE_DeleteContext: ['void', [P]],
  TFE_ContextListDevices: [P, [P, P]],
  TFE_ContextAddFunction: ['void', [P, P, P]],
  TFE_ContextRemoveFunction: ['void', [P, 'str', P]],
  TF_DeviceListCount: ['int', [P]],
  TF_DeviceListName: ['str', [P, 'int', P]],
  TF_DeviceListType: ['str', [P, 'int', P]],
  TF_DeviceListMemoryBytes: ['int64_t', [P, 'int', P]],
  TF_DeleteDeviceList: ['void', [P]],

  TFE_NewTensorHandle: [P, [P, P]],
  TFE_DeleteTensorHandle: ['void', [P]],
  TFE_TensorHandleCopyToDevice: [P, [P, P, P, P]],
  TFE_TensorHandleResolve: [P, [P, P]],
  TFE_TensorHandleDataType: ['int', [P]],
  TFE_TensorHandleNumDims: ['int', [P, P]],
  TFE_TensorHandleDim: ['int64_t', [P, 'int', P]],

  TFE_NewOp: [P, [P, P, P]],
  TFE_DeleteOp: ['void', [P]],
  TFE_OpSetDevice: ['void', [P, P, P]],
  TFE_OpAddInput: ['void', [P, P, P]],
  TFE_OpSetAttrString: ['void', [P, P, 'const void *', 'size_t']],
  TFE_OpSetAttrInt: ['void', [P, P, 'int64_t']],
  TFE_OpSetAttrIntList: ['void', [P, P, 'const int64_t *', 'int']],
  TFE_OpSetAttrFloat: ['void', [P, P, 'float']],
  TFE_OpSetAttrFloatList: ['void', [P, P, 'const float *', 'int']],
  TFE_OpSetAttrBool: ['void', [P, P, 'uint8_t']],
  TFE_OpSetAttrBoolList: ['void', [P, P, 'const uint8_t *', 'int']],
  TFE_OpSetAttrType: ['void', [P, P, 'int']],
  TFE_OpSetAttrShape: ['void', [P, P, 'const int64_t *', 'int', P]],
  TFE_Execute: ['void', [P, 'void *', 'int *', P]],

  TF_NewGraph: [P, []],
  TF_DeleteGraph: ['void', [P]],
  TF_NewOperation: [P, [P, 'str', 'str']],
  TF_FinishOperation: [P, [P, P]],
  TF_AddInput: ['void', [P, 'TF_Output']],
  TF_AddInputList: ['void', [P, 'const void *', 'int']],
  TF_SetAttrString: ['void', [P, 'str', 'const void *', 'size_t']],
  TF_SetAttrInt: ['void', [P, 'str', 'int64_t']],
  TF_SetAttrIntList: ['void', [P, 'str', 'const int64_t *', 'int']],
  TF_SetAttrFloat: ['void', [P, 'str', 'float']],
  TF_SetAttrBool: ['void', [P, 'str', 'uint8_t']],
  TF_SetAttrType: ['void', [P, 'str', 'int']],
  TF_SetAttrTypeList: ['void', [P, 'str', 'const int *', 'int']],
  TF_SetAttrShape: ['void', [P, 'str', 'const int64_t *', 'int']],
  TF_SetAttrTensor: ['void', [P, 'str', P, P]],
  TF_SetAttrFuncName: ['void', [P, 'str', 'const void *', 'size_t']],
  TF_GraphCopyFunction: ['void', [P, P, P, P]],
  TF_GraphToFunction: [
    P,
    [P, 'str', 'uint8_t', 'int', P, 'int', 'const void *', 'int', 'const void *', P, P, 'str', P],
  ],
  TF_FunctionSetAttrValueProto: ['void', [P, 'str', 'const void *', 'size_t', P]],
  TF_DeleteFunction: ['void', [P]],
} as const satisfies Readonly<Record<string, readonly [string, readonly string[]]>>

type Names = keyof typeof SIGNATURES
type Numeric = 'int' | 'int64_t' | 'size_t' | 'uintptr_t' | 'float' | 'uint8_t'
type Value<T> = T extends 'TF_Output'
  ? { readonly oper: Pointer; readonly index: number }
  : T extends Numeric
    ? number
    : T extends 'str'
      ? string
      : T extends 'void'
        ? undefined
        : ArrayBufferView | null
type Values<T extends readonly unknown[]> = { -readonly [K in keyof T]: Value<T[K]> }

export type CApi = {
  readonly [K in Names]: (...args: Values<(typeof SIGNATURES)[K][1]>) => Value<(typeof SIGNATURES)[K][0]>
}

/** Looks all functions up. @throws Error where the library lacks one */
export function bindCApi(library: NativeLibrary): CApi {
  const api: Record<string, unknown> = {}
  for (const [name, [result, parameters]] of Object.entries(SIGNATURES)) {
    api[name] = library.func(name, result, parameters)
  }
  return api as unknown as CApi
}

/** TF_DataType */
export const TF_FLOAT = 1
export const TF_INT32 = 3
export const TF_UINT8 = 4
export const TF_STRING = 7
export const TF_COMPLEX64 = 8
export const TF_INT64 = 9
export const TF_BOOL = 10
export const TF_RESOURCE = 20

/** TF_AttrType */
export const TF_ATTR_STRING = 0
export const TF_ATTR_INT = 1
export const TF_ATTR_FLOAT = 2
export const TF_ATTR_BOOL = 3
export const TF_ATTR_TYPE = 4
export const TF_ATTR_SHAPE = 5

export const TF_OK = 0

/** One TF_Status, used again for each call of its owner. */
export class Status {
  readonly pointer: Pointer
  readonly #api: CApi

  constructor(api: CApi) {
    this.#api = api
    this.pointer = api.TF_NewStatus()
  }

  /** @throws Error as TensorFlow.js's own binding words it; the status is good again */
  check(): void {
    const code = this.#api.TF_GetCode(this.pointer)
    if (code === TF_OK) return
    const message = this.#api.TF_Message(this.pointer)
    this.#api.TF_SetStatus(this.pointer, TF_OK, '')
    throw new Error(`Invalid TF_Status: ${code}\nMessage: ${message}`)
  }

  delete(): void {
    this.#api.TF_DeleteStatus(this.pointer)
  }
}
