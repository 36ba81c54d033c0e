/** Builds a TensorFlow graph node by node through the C API, and turns it into a function of the eager context. */
import type { HostData } from '@reprise/compile'
import { int64 } from '../native/attributes.ts'
import { TF_BOOL, TF_FLOAT, TF_INT32 } from '../native/c-api.ts'
import type { Pointer } from '../native/ffi.ts'
import type { Session } from '../native/session.ts'

/** One result of a node. */
export interface Output {
  readonly oper: Pointer
  readonly index: number
}

export type Attribute =
  | { readonly type: number }
  | { readonly types: readonly number[] }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly bool: boolean }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly shape: readonly number[] }
  | { readonly function: string }

/** TF_DataType of the types that have one here. */
export const TYPES = { float32: TF_FLOAT, int32: TF_INT32, bool: TF_BOOL, float64: 2, int64: 9 } as const
export type Type = keyof typeof TYPES

type Attributes = Readonly<Record<string, Attribute>>

export class TfGraph {
  readonly #session: Session
  readonly #graph: Pointer
  #nodes = 0

  /** Whether its functions run on the processor, which likes other shapes of code than a GPU. */
  readonly onProcessor: boolean

  constructor(session: Session) {
    this.#session = session
    this.onProcessor = session.device.type === 'CPU'
    this.#graph = session.api.TF_NewGraph()
  }

  /** A node with one result. Operands that are lists go in as lists. @throws Error with TensorFlow's message */
  op(type: string, operands: readonly (Output | readonly Output[])[], attributes: Attributes = {}): Output {
    return { oper: this.#node(type, operands, attributes), index: 0 }
  }

  /** A node with several. */
  outputs(type: string, operands: readonly (Output | readonly Output[])[], attributes: Attributes, count: number) {
    const oper = this.#node(type, operands, attributes)
    return Array.from({ length: count }, (_, index): Output => ({ oper, index }))
  }

  argument(dtype: Type, shape: readonly number[]): Output {
    return this.op('Placeholder', [], { dtype: { type: TYPES[dtype] }, shape: { shape } })
  }

  constant(dtype: Type, shape: readonly number[], values: HostData | readonly number[]): Output {
    const { api, ffi, status } = this.#session
    const data = ArrayBuffer.isView(values) ? (values as HostData) : arrayOf(dtype, values)
    const tensor = api.TF_AllocateTensor(TYPES[dtype], int64(shape), shape.length, data.byteLength)
    if (data.byteLength > 0) ffi.copyIn(api.TF_TensorData(tensor), data, data.byteLength)
    const description = api.TF_NewOperation(this.#graph, 'Const', this.#name())
    api.TF_SetAttrType(description, 'dtype', TYPES[dtype])
    api.TF_SetAttrTensor(description, 'value', tensor, status.pointer)
    api.TF_DeleteTensor(tensor)
    status.check()
    return { oper: this.#finish(description), index: 0 }
  }

  scalar(dtype: Type, value: number): Output {
    return this.constant(dtype, [], [value])
  }

  /** int32 operands that say a shape, axes or positions. */
  vector(values: readonly number[]): Output {
    return this.constant('int32', [values.length], Int32Array.from(values))
  }

  /** Lets nodes of this graph call `fn`. */
  include(fn: Pointer): void {
    const { api, status } = this.#session
    api.TF_GraphCopyFunction(this.#graph, fn, 0, status.pointer)
    status.check()
  }

  /** A TF_Function of the graph, which is gone then. */
  toFunction(name: string, inputs: readonly Output[], outputs: readonly Output[]): Pointer {
    const { api, status } = this.#session
    const [from, to] = [pack(inputs), pack(outputs)]
    const fn = api.TF_GraphToFunction(
      this.#graph,
      name,
      0,
      -1,
      0,
      inputs.length,
      from,
      outputs.length,
      to,
      0,
      0,
      '',
      status.pointer,
    )
    this.delete()
    status.check()
    return fn
  }

  delete(): void {
    this.#session.api.TF_DeleteGraph(this.#graph)
  }

  #node(type: string, operands: readonly (Output | readonly Output[])[], attributes: Attributes): Pointer {
    const { api } = this.#session
    const description = api.TF_NewOperation(this.#graph, type, this.#name())
    for (const operand of operands) {
      if (Array.isArray(operand)) api.TF_AddInputList(description, pack(operand), operand.length)
      else api.TF_AddInput(description, operand as Output)
    }
    for (const [name, attribute] of Object.entries(attributes)) this.#attribute(description, name, attribute)
    return this.#finish(description)
  }

  #attribute(description: Pointer, name: string, attribute: Attribute): void {
    const { api } = this.#session
    if ('type' in attribute) api.TF_SetAttrType(description, name, attribute.type)
    else if ('types' in attribute) {
      api.TF_SetAttrTypeList(description, name, Int32Array.from(attribute.types), attribute.types.length)
    } else if ('int' in attribute) api.TF_SetAttrInt(description, name, attribute.int)
    else if ('ints' in attribute) {
      api.TF_SetAttrIntList(description, name, int64(attribute.ints), attribute.ints.length)
    } else if ('bool' in attribute) api.TF_SetAttrBool(description, name, Number(attribute.bool))
    else if ('float' in attribute) api.TF_SetAttrFloat(description, name, attribute.float)
    else if ('shape' in attribute) {
      api.TF_SetAttrShape(description, name, int64(attribute.shape), attribute.shape.length)
    } else {
      const bytes = Buffer.from('string' in attribute ? attribute.string : attribute.function)
      if ('string' in attribute) api.TF_SetAttrString(description, name, bytes, bytes.length)
      else api.TF_SetAttrFuncName(description, name, bytes, bytes.length)
    }
  }

  #finish(description: Pointer): Pointer {
    const { api, status } = this.#session
    const oper = api.TF_FinishOperation(description, status.pointer)
    status.check()
    return oper
  }

  #name(): string {
    return `n${this.#nodes++}`
  }
}

/** An array of TF_Output: a pointer and an int, padded to 16 bytes. */
function pack(outputs: readonly Output[]): BigInt64Array {
  return BigInt64Array.from(outputs.flatMap(({ oper, index }) => [BigInt(oper), BigInt(index)]))
}

function arrayOf(dtype: Type, values: readonly number[]): HostData {
  if (dtype === 'float64') return Float64Array.from(values) as unknown as HostData
  if (dtype === 'int64') return int64(values) as unknown as HostData
  return dtype === 'float32'
    ? Float32Array.from(values)
    : dtype === 'int32'
      ? Int32Array.from(values)
      : Uint8Array.from(values)
}
