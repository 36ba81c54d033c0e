/** A graph as text, one node a line: `%7 = matmul(%3, %5) {transposeB} : float32 [64, 64]`. */
import type { Graph, Node, Operation } from './graph.ts'
import { operationLabel } from './infer.ts'
import { describe } from './validate.ts'

/** @param note what to add at the end of a node's line, for costs */
export function printGraph(graph: Graph, note: (node: Node, id: number) => string = () => ''): string {
  const lines = graph.nodes.map((node, id) => {
    const end = note(node, id)
    return `%${id} = ${printNode(node)}${end === '' ? '' : `  # ${end}`}`
  })
  for (const [name, id] of Object.entries(graph.outputs)) lines.push(`output ${name} = %${id}`)
  for (const [path, id] of Object.entries(graph.nextState)) lines.push(`state ${path} <- %${id}`)
  return lines.join('\n')
}

/** The right-hand side of a node's line. */
export function printNode(node: Node): string {
  const operands = node.inputs.map((id) => `%${id}`).join(', ')
  const attributes = printAttributes(node.operation)
  return `${operationLabel(node.operation)}(${operands})${attributes && ` {${attributes}}`} : ${describe(node)}`
}

function printAttributes(operation: Operation): string {
  if (operation.op === 'constant') {
    const shown = Array.from(operation.data.subarray(0, 6), String)
    return operation.data.length > 6 ? `${shown.join(', ')}, ...` : shown.join(', ')
  }
  return Object.entries(operation)
    .filter(([key, value]) => key !== 'op' && key !== 'fn' && value !== false)
    .map(([key, value]) => (value === true ? key : `${key}: ${Array.isArray(value) ? `[${value.join(', ')}]` : value}`))
    .join(', ')
}
