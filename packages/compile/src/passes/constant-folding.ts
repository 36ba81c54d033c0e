/** Evaluates what depends on constants alone, where the result is not larger than what it is made of. */
import { type HostData, sizeOf } from '../graph.ts'
import { evaluateNode } from '../interpreter/evaluate.ts'
import { type Pass, rewrite } from './rewrite.ts'

/** Results up to this size are always worth an array. */
const SMALL = 64

export const constantFolding: Pass = (graph) =>
  rewrite(graph, (g, node) => {
    if (node.inputs.length === 0) return undefined
    const values: HostData[] = []
    let elements = SMALL
    for (const id of node.inputs) {
      const { operation } = g.nodes[id]!
      if (operation.op !== 'constant') return undefined
      values[id] = operation.data
      elements += operation.data.length
    }
    // A uniform value stays a broadcast scalar: no target needs an array for it.
    if (node.operation.op === 'broadcast' && sizeOf(g.shape(node.inputs[0]!)) === 1) return undefined
    if (sizeOf(node.shape) > elements) return undefined
    const view = { nodes: g.nodes, outputs: {}, nextState: {} }
    return g.constant(evaluateNode(view, node, values), node.shape, node.dtype)
  })
