/** Spreads values after arithmetic, not before: element by element the result is the same, and smaller. */
import { sameShape } from '../infer.ts'
import { as, ELEMENTWISE, type Pass, rewrite } from './rewrite.ts'

export const broadcasts: Pass = (graph) =>
  rewrite(graph, (g, node) => {
    if (!ELEMENTWISE.has(node.operation.op)) return undefined
    const inputs = node.inputs.map((id) => as(g, id, 'broadcast')?.inputs[0] ?? id)
    if (sameShape(inputs, node.inputs)) return undefined
    return g.broadcast(g.add(node.operation, inputs, { dtype: node.dtype }), node.shape)
  })
