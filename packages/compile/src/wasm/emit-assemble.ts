/** Concatenation and padding: strided copies into parts of the result. */
import type { NodeId } from '../graph.ts'
import { stridesOf } from '../interpreter/strides.ts'
import { elements } from './analysis.ts'
import type { Code } from './code.ts'
import { constant, copyStrided } from './emit-loop.ts'
import { type Lowering, nodeOf } from './lowering.ts'
import { emitWalk } from './walk.ts'

export function emitConcat(lowering: Lowering, code: Code, id: NodeId): void {
  const { analysis, memory } = lowering
  const node = nodeOf(lowering, id)
  if (node.operation.op !== 'concat') return
  const strides = stridesOf(node.shape)
  let base = memory.address(id)
  for (const input of node.inputs) {
    const view = analysis.views[input]!
    const length = nodeOf(lowering, input).shape[node.operation.axis]!
    // The producer may have written its part where it belongs.
    const placed = memory.isExact(view.root) && memory.address(view.root) === base
    if (elements(nodeOf(lowering, input)) > 0 && !placed) copyStrided(lowering, code, view, { base, strides })
    base += 4 * strides[node.operation.axis]! * length
  }
}

export function emitPad(lowering: Lowering, code: Code, id: NodeId): void {
  const { analysis, memory } = lowering
  const node = nodeOf(lowering, id)
  const { operation } = node
  if (operation.op !== 'pad') return
  const base = memory.address(id)
  emitWalk(code, {
    sizes: [elements(node)],
    reads: [],
    writes: [{ base, strides: [1] }],
    body: () => [constant(node, operation.value)],
    overrun: false,
    weight: 1,
  })
  const strides = stridesOf(node.shape)
  const start = strides.reduce((sum, stride, axis) => sum + stride * operation.before[axis]!, 0)
  copyStrided(lowering, code, analysis.views[node.inputs[0]!]!, { base: base + 4 * start, strides })
}
