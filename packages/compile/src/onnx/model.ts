/** An ONNX model as plain data, and its encoding. Field numbers are those of onnx.proto (IR version 8, opset 17). */
import { ProtoWriter } from './protobuf.ts'

export const IR_VERSION = 8
export const OPSET = 17

/** TensorProto.DataType. */
const ELEMENT_CODES = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11, uint32: 12 } as const
export type ElementType = keyof typeof ELEMENT_CODES

/** The number that a `to` attribute of Cast takes. */
export function elementCode(type: ElementType): number {
  return ELEMENT_CODES[type]
}

export interface ValueInfo {
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly number[]
}

export interface Initializer extends ValueInfo {
  /** Little-endian elements. */
  readonly raw: Uint8Array
}

export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string }

export interface ModelNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface Model {
  readonly name: string
  readonly nodes: readonly ModelNode[]
  readonly initializers: readonly Initializer[]
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
}

/** The bytes of a ModelProto. */
export function encodeModel(model: Model): Uint8Array {
  return new ProtoWriter()
    .int(1, IR_VERSION)
    .string(2, 'reprise')
    .message(8, (opset) => opset.string(1, '').int(2, OPSET))
    .message(7, (graph) => {
      for (const node of model.nodes) graph.message(1, (writer) => writeNode(writer, node))
      graph.string(2, model.name)
      for (const tensor of model.initializers) graph.message(5, (writer) => writeTensor(writer, tensor))
      for (const value of model.inputs) graph.message(11, (writer) => writeValue(writer, value))
      for (const value of model.outputs) graph.message(12, (writer) => writeValue(writer, value))
    })
    .finish()
}

function writeNode(writer: ProtoWriter, node: ModelNode): void {
  for (const name of node.inputs) writer.string(1, name)
  for (const name of node.outputs) writer.string(2, name)
  writer.string(3, node.outputs[0]!).string(4, node.op)
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, (inner) => writeAttribute(inner.string(1, name), attribute))
  }
}

/** The `type` field (20) is required from IR version 2 on. */
function writeAttribute(writer: ProtoWriter, attribute: Attribute): void {
  if ('int' in attribute) writer.int(3, attribute.int).int(20, 2)
  else if ('float' in attribute) writer.float(2, attribute.float).int(20, 1)
  else if ('string' in attribute) writer.string(4, attribute.string).int(20, 3)
  else {
    for (const value of attribute.ints) writer.int(8, value)
    writer.int(20, 7)
  }
}

function writeTensor(writer: ProtoWriter, tensor: Initializer): void {
  for (const dim of tensor.dims) writer.int(1, dim)
  writer.int(2, elementCode(tensor.type)).string(8, tensor.name).bytes(9, tensor.raw)
}

function writeValue(writer: ProtoWriter, value: ValueInfo): void {
  writer.string(1, value.name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.int(1, elementCode(value.type)).message(2, (shape) => {
        for (const dim of value.dims) shape.message(1, (writer) => writer.int(1, dim))
      }),
    ),
  )
}
