/** argmax and argmin: the first of the best; a NaN is never better. */
import type { NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import type { Code } from './code.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import { nest, pointer } from './nest.ts'

export function emitArg(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  const { operation } = node
  if (operation.op !== 'argmax' && operation.op !== 'argmin') return
  const { shape, dtype } = nodeOf(lowering, node.inputs[0]!)
  const length = shape[operation.axis]!
  if (length === 0) return
  const outer = sizeOf(shape.slice(0, operation.axis))
  const inner = sizeOf(shape.slice(operation.axis + 1))
  const type = dtype === 'float32' ? 'f32' : 'i32'
  const greater = dtype === 'float32' ? 'f32.gt' : 'i32.gt_s'
  const less = dtype === 'float32' ? 'f32.lt' : 'i32.lt_s'
  const input = pointer(code, addressOf(lowering, node.inputs[0]!), [4 * length * inner, 4])
  const output = pointer(code, lowering.memory.address(id), [4 * inner, 4])
  const best = code.local(type)
  const bestAt = code.local('i32')
  const value = code.local(type)
  const better = code.local('i32')
  nest(code, [outer, inner], [input, output], () => {
    code.get(input.local)
    code.memory(`${type}.load`, 0)
    code.set(best)
    code.i32(0)
    code.set(bestAt)
    if (length > 1) {
      code.scope(() => {
        const at = pointer(code, 0, [])
        const index = code.local('i32')
        code.get(input.local)
        code.set(at.local)
        code.loop(index, 1, length, 1, () => {
          code.add(at.local, 4 * inner)
          code.get(at.local)
          code.memory(`${type}.load`, 0)
          code.tee(value)
          code.get(best)
          code.op(operation.op === 'argmax' ? greater : less)
          code.set(better)
          for (const [a, b] of [
            [value, best],
            [index, bestAt],
          ] as const) {
            code.get(a)
            code.get(b)
            code.get(better)
            code.op('select')
            code.set(b)
          }
        })
      })
    }
    code.get(output.local)
    code.get(bestAt)
    code.memory('i32.store', 0)
  })
}
