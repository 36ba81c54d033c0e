/** Leaves out nodes that no result needs. */
import type { Graph, NodeId } from '../graph.ts'
import type { Pass } from './rewrite.ts'

export const deadCode: Pass = (graph) => {
  const live = needed(graph)
  if (live.every(Boolean)) return graph
  const moved: NodeId[] = []
  const nodes: Graph['nodes'][number][] = []
  graph.nodes.forEach((node, id) => {
    if (live[id]) moved[id] = nodes.push({ ...node, inputs: node.inputs.map((input) => moved[input]!) }) - 1
  })
  const follow = (results: Readonly<Record<string, NodeId>>): Record<string, NodeId> =>
    Object.fromEntries(Object.entries(results).map(([name, id]) => [name, moved[id]!]))
  return { nodes, outputs: follow(graph.outputs), nextState: follow(graph.nextState) }
}

function needed(graph: Graph): boolean[] {
  const live = new Array<boolean>(graph.nodes.length).fill(false)
  for (const id of [...Object.values(graph.outputs), ...Object.values(graph.nextState)]) live[id] = true
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (live[id]) for (const input of graph.nodes[id]!.inputs) live[input] = true
  }
  return live
}
