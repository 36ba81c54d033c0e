/** Cumulative sums and products along one axis, in order, rounded at each step as TensorFlow.js stores them. */
import type { NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { elements } from './analysis.ts'
import type { Code } from './code.ts'
import { hostFunction } from './host-functions.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import { nest, pointer } from './nest.ts'

export function emitCumulative(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  const { operation } = node
  if ((operation.op !== 'cumsum' && operation.op !== 'cumprod') || elements(node) === 0) return
  const { axis, exclusive, reverse } = operation
  const length = node.shape[axis]!
  const outer = sizeOf(node.shape.slice(0, axis))
  const inner = sizeOf(node.shape.slice(axis + 1))
  const product = operation.op === 'cumprod'
  const type = node.dtype === 'float32' ? 'f32' : 'i32'
  const first = reverse ? 4 * inner * (length - 1) : 0
  const step = reverse ? -4 * inner : 4 * inner
  const strides = [4 * length * inner, 4, step]
  const input = pointer(code, addressOf(lowering, node.inputs[0]!) + first, strides)
  const output = pointer(code, lowering.memory.address(id) + first, strides)
  const total = code.local(type)
  const put = (): void => {
    code.get(output.local)
    code.get(total)
    code.memory(`${type}.store`, 0)
  }
  nest(code, [outer, inner], [input, output], () => {
    if (type === 'f32') code.f32(product ? 1 : 0)
    else code.i32(product ? 1 : 0)
    code.set(total)
    nest(
      code,
      [length],
      [input, output].map(({ local }) => ({ local, strides: [step] })),
      () => {
        if (exclusive) put()
        code.get(total)
        if (type === 'i32' && product) code.op('f64.convert_i32_s')
        code.get(input.local)
        code.memory(`${type}.load`, 0)
        if (type === 'f32') code.op(product ? 'f32.mul' : 'f32.add')
        else if (!product) code.op('i32.add')
        else {
          // The product of two int32 in double precision, as there.
          code.op('f64.convert_i32_s')
          code.op('f64.mul')
          code.call(hostFunction(lowering.module, 'toInt32'))
        }
        code.set(total)
        if (!exclusive) put()
      },
    )
  })
}
