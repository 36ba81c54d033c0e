/** Which nodes a function needs, and what each reads once broadcasts that ONNX makes by itself are looked through. */
import type { Graph, NodeId, Shape } from '../../graph.ts'

export interface Usage {
  /** Nodes that some result needs, ascending. */
  readonly needed: readonly NodeId[]
  /** Per node, what it reads: its inputs, or what those broadcast. */
  readonly inputs: readonly (readonly NodeId[])[]
  /** Per node, how often it is read; results count too. */
  readonly uses: readonly number[]
}

export function analyseUsage(graph: Graph, results: readonly NodeId[]): Usage {
  const inputs: (readonly NodeId[])[] = []
  const uses = new Array<number>(graph.nodes.length).fill(0)
  for (const id of results) uses[id]!++
  const needed: NodeId[] = []
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    if (uses[id] === 0) continue
    const reads = effectiveInputs(graph, id)
    inputs[id] = reads
    for (const input of reads) uses[input]!++
    needed.push(id)
  }
  return { needed: needed.reverse(), inputs, uses }
}

function effectiveInputs(graph: Graph, id: NodeId): readonly NodeId[] {
  const { operation, inputs, shape } = graph.nodes[id]!
  if (operation.op !== 'binary' && operation.op !== 'select') return inputs
  const reads = [...inputs]
  for (let i = 0; i < reads.length; i++) {
    for (;;) {
      const operand = graph.nodes[reads[i]!]!
      if (operand.operation.op !== 'broadcast') break
      const source = operand.inputs[0]!
      const shapes = reads.map((read, j) => graph.nodes[j === i ? source : read]!.shape)
      if (!broadcastsTo(shapes, shape)) break
      reads[i] = source
    }
  }
  return reads
}

/** Whether operands of these shapes still give a result of `shape`. */
function broadcastsTo(shapes: readonly Shape[], shape: Shape): boolean {
  return shape.every((d, axis) => {
    const sides = shapes.map((s) => s[s.length - shape.length + axis] ?? 1)
    return Math.max(...sides) === d && !sides.includes(0)
  })
}
