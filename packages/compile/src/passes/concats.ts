/** A concatenation that only feeds another along the same axis becomes part of it: one copy instead of two. */
import type { Graph } from '../graph.ts'
import { as, type Pass, rewrite } from './rewrite.ts'

export const concats: Pass = (graph) => {
  const uses = countUses(graph)
  const single = new Set<number>()
  return rewrite(graph, (g, node, old) => {
    const { operation } = node
    if (operation.op !== 'concat') return undefined
    const parts = node.inputs.flatMap((id) => {
      const inner = single.has(id) ? as(g, id, 'concat') : undefined
      return inner?.operation.axis === operation.axis ? inner.inputs : [id]
    })
    const id = g.add(operation, parts, node)
    if (uses[old] === 1) single.add(id)
    return id
  })
}

function countUses(graph: Graph): number[] {
  const uses = new Array<number>(graph.nodes.length).fill(0)
  const results = [...Object.values(graph.outputs), ...Object.values(graph.nextState)]
  for (const id of [...graph.nodes.flatMap(({ inputs }) => inputs), ...results]) uses[id]!++
  return uses
}
