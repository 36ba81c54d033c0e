/** Attributes of an operation, as TensorFlow.js's kernels give them. */
import type { CApi, Status } from './c-api.ts'
import { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT, TF_ATTR_SHAPE, TF_ATTR_STRING, TF_ATTR_TYPE } from './c-api.ts'
import type { Ffi, Pointer } from './ffi.ts'

export interface OpAttribute {
  readonly name: string
  /** TF_AttrType */
  readonly type: number
  readonly value: unknown
}

/** @throws Error for a kind of attribute that no kernel of TensorFlow.js uses */
export function setAttribute(api: CApi, ffi: Ffi, status: Status, op: Pointer, attribute: OpAttribute): void {
  const { type, value } = attribute
  const name = ffi.intern(attribute.name)
  if (type === TF_ATTR_TYPE) api.TFE_OpSetAttrType(op, name, value as number)
  else if (type === TF_ATTR_BOOL) {
    if (Array.isArray(value)) api.TFE_OpSetAttrBoolList(op, name, Uint8Array.from(value, Number), value.length)
    else api.TFE_OpSetAttrBool(op, name, value === true ? 1 : 0)
  } else if (type === TF_ATTR_INT) {
    if (Array.isArray(value)) api.TFE_OpSetAttrIntList(op, name, int64(value), value.length)
    else api.TFE_OpSetAttrInt(op, name, Math.trunc(value as number))
  } else if (type === TF_ATTR_FLOAT) {
    if (Array.isArray(value)) api.TFE_OpSetAttrFloatList(op, name, Float32Array.from(value), value.length)
    else api.TFE_OpSetAttrFloat(op, name, value as number)
  } else if (type === TF_ATTR_STRING) {
    const bytes = Buffer.from(value as string)
    api.TFE_OpSetAttrString(op, name, bytes, bytes.length)
  } else if (type === TF_ATTR_SHAPE) {
    const shape = value as readonly number[]
    api.TFE_OpSetAttrShape(op, name, int64(shape), shape.length, status.pointer)
    status.check()
  } else throw new Error(`Unhandled TF_AttrType: ${type}`)
}

export function int64(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)))
}
