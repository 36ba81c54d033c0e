/** Rewrites operations that are elementwise at heart, so that they share loops with what surrounds them. */
import type { Dtype, Graph, Node, NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'

/** Longest sum of products that is worth repeating for every column. */
const MAX_SMALL_K = 4

export function expand(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.operation.op === 'oneHot' || isSmallProduct(graph, node))) return graph
  const nodes: Node[] = []
  const renamed: NodeId[] = []
  const push = (node: Node): NodeId => nodes.push(node) - 1
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => renamed[input]!)
    if (node.operation.op === 'oneHot') renamed.push(expandOneHot(node, inputs[0]!, push))
    else if (isSmallProduct(graph, node)) renamed.push(expandProduct(node, inputs, nodes, push))
    else renamed.push(push({ ...node, inputs }))
  }
  const rename = (ids: Readonly<Record<string, NodeId>>): Record<string, NodeId> =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, renamed[id]!]))
  return { nodes, outputs: rename(graph.outputs), nextState: rename(graph.nextState) }
}

type Push = (node: Node) => NodeId

/** oneHot(i) = select(i == 0..depth-1, on, off) */
function expandOneHot(node: Node, index: NodeId, push: Push): NodeId {
  const { operation, shape, dtype } = node
  if (operation.op !== 'oneHot') return index
  const { depth, on, off } = operation
  const constant = (data: Float32Array | Int32Array | Uint8Array, of: readonly number[], type: Dtype): NodeId =>
    push({ operation: { op: 'constant', data }, inputs: [], shape: of, dtype: type })
  const value = (x: number): NodeId => {
    if (dtype === 'bool') return constant(Uint8Array.of(x === 0 ? 0 : 1), [], dtype)
    return constant(dtype === 'float32' ? Float32Array.of(x) : Int32Array.of(x), [], dtype)
  }
  const column = push({
    operation: { op: 'reshape' },
    inputs: [index],
    shape: [...shape.slice(0, -1), 1],
    dtype: 'int32',
  })
  const iota = constant(
    Int32Array.from({ length: depth }, (_, i) => i),
    [depth],
    'int32',
  )
  const equal = push({ operation: { op: 'binary', fn: 'equal' }, inputs: [column, iota], shape, dtype: 'bool' })
  return push({ operation: { op: 'select' }, inputs: [equal, value(on), value(off)], shape, dtype })
}

/** A product of few terms per element, with rows long enough for vectors and one right side. */
function isSmallProduct(graph: Graph, node: Node): boolean {
  const { operation, shape } = node
  if (operation.op !== 'matmul') return false
  const [a, b] = node.inputs.map((input) => graph.nodes[input]!.shape) as [readonly number[], readonly number[]]
  const k = b[b.length - (operation.transposeB ? 1 : 2)]!
  const single = sizeOf(b.slice(0, -2)) === 1 && (!operation.transposeA || sizeOf(a.slice(0, -2)) === 1)
  return (
    single &&
    k >= 1 &&
    k <= MAX_SMALL_K &&
    shape.at(-1)! >= 8 &&
    sizeOf(shape) > 0 &&
    sizeOf(shape) < 16 * shape.at(-1)!
  )
}

/** Sum over p of column p of A times row p of B. */
function expandProduct(node: Node, inputs: readonly NodeId[], nodes: readonly Node[], push: Push): NodeId {
  const { operation, shape } = node
  if (operation.op !== 'matmul') return inputs[0]!
  const { transposeA, transposeB } = operation
  const [m, n] = [sizeOf(shape.slice(0, -1)), shape.at(-1)!]
  const part = (x: NodeId, matrix: readonly number[], axis: 0 | 1, at: number, as: readonly number[]): NodeId => {
    const whole = push({ operation: { op: 'reshape' }, inputs: [x], shape: matrix, dtype: 'float32' })
    const size = axis === 0 ? [1, matrix[1]!] : [matrix[0]!, 1]
    const begin = axis === 0 ? [at, 0] : [0, at]
    const cut = push({
      operation: { op: 'slice', begin, strides: [1, 1] },
      inputs: [whole],
      shape: size,
      dtype: 'float32',
    })
    return push({ operation: { op: 'reshape' }, inputs: [cut], shape: as, dtype: 'float32' })
  }
  const b = nodes[inputs[1]!]!.shape
  const k = b[b.length - (transposeB ? 1 : 2)]!
  const binary = (fn: 'mul' | 'add', x: NodeId, y: NodeId): NodeId =>
    push({ operation: { op: 'binary', fn }, inputs: [x, y], shape: [m, n], dtype: 'float32' })
  let sum: NodeId | undefined
  for (let p = 0; p < k; p++) {
    const column = part(inputs[0]!, transposeA ? [k, m] : [m, k], transposeA ? 0 : 1, p, [m, 1])
    const row = part(inputs[1]!, transposeB ? [n, k] : [k, n], transposeB ? 1 : 0, p, [1, n])
    const product = binary('mul', column, row)
    sum = sum === undefined ? product : binary('add', sum, product)
  }
  return push({ operation: { op: 'reshape' }, inputs: [sum!], shape, dtype: 'float32' })
}
