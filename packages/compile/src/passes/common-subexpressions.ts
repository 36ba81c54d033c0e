/** Computes once what is computed twice: same operation, same operands. */
import type { HostData, Node } from '../graph.ts'
import { type Pass, rewrite } from './rewrite.ts'

export const commonSubexpressions: Pass = (graph) => {
  const known = new Map<string, number>()
  return rewrite(graph, (g, node) => {
    const key = keyOf(node)
    if (key === undefined) return undefined
    const id = known.get(key) ?? g.append(node)
    known.set(key, id)
    return id
  })
}

/** Larger constants are compared by identity only, which the recording already shares. */
const COMPARED = 4096

function keyOf(node: Node): string | undefined {
  const { operation } = node
  const end = `(${node.inputs})${node.dtype}[${node.shape}]`
  switch (operation.op) {
    case 'constant':
      return operation.data.length > COMPARED ? undefined : `constant ${bytes(operation.data)}${end}`
    // The most frequent operations have nothing that JSON must spell out.
    case 'unary':
    case 'binary':
      return `${operation.op} ${operation.fn}${end}`
    case 'select':
    case 'cast':
    case 'reshape':
    case 'broadcast':
      return operation.op + end
    default:
      return JSON.stringify(operation, exact) + end
  }
}

/** JSON has no NaN, no infinities and no -0. */
function exact(_: string, value: unknown): unknown {
  return typeof value === 'number' && !(Number.isFinite(value) && !Object.is(value, -0))
    ? `#${1 / value}${value}`
    : value
}

function bytes(data: HostData): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}
