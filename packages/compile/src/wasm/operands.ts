/** How elementwise nodes read their operands. */
import type { NodeId } from '../graph.ts'
import { type Analysis, elements } from './analysis.ts'
import { type Axis, collapse, isDense, operandStrides, type View } from './view.ts'

export interface Operand {
  readonly view: View
  readonly axes: readonly Axis[]
  /** The operand is the whole of another node's values in order, so that a loop passes it in a register. */
  readonly direct: boolean
}

/** How elementwise node `id` reads each operand. */
export function operandsOf(analysis: Analysis, id: NodeId): readonly Operand[] {
  const known = cache.get(analysis) ?? new Map<NodeId, readonly Operand[]>()
  cache.set(analysis, known)
  const found = known.get(id) ?? read(analysis, id)
  known.set(id, found)
  return found
}

/** Fusion, planning and emission all ask. */
const cache = new WeakMap<Analysis, Map<NodeId, readonly Operand[]>>()

function read(analysis: Analysis, id: NodeId): Operand[] {
  const node = analysis.graph.nodes[id]!
  const total = elements(node)
  return node.inputs.map((input) => {
    const view = analysis.views[input]!
    const strides = operandStrides(view, node.shape)
    const axes = collapse(node.shape, strides)
    const root = analysis.graph.nodes[view.root]!
    const direct = elements(root) === total && view.offset === 0 && isDense({ ...view, shape: node.shape, strides })
    return { view: { ...view, shape: node.shape, strides }, axes, direct }
  })
}
