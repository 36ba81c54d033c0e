/** Nodes of the graph that become one ONNX node together. */
import { type Graph, type NodeId, sizeOf } from '../../graph.ts'
import type { Usage } from './usage.ts'

interface FusedProduct {
  readonly id: NodeId
  readonly bias: NodeId
  readonly transposes: readonly [a: boolean, b: boolean]
}

/** Additions to a product of two matrices that nothing else reads: Gemm adds as it stores. */
export function biasAdditions(
  graph: Graph,
  usage: Usage,
): { products: Map<NodeId, FusedProduct>; absorbed: Set<NodeId> } {
  const products = new Map<NodeId, FusedProduct>()
  const absorbed = new Set<NodeId>()
  for (const id of usage.needed) {
    const node = graph.nodes[id]!
    if (node.operation.op !== 'binary' || node.operation.fn !== 'add') continue
    const [a, b] = usage.inputs[id] as [NodeId, NodeId]
    for (const [product, bias] of [
      [a, b],
      [b, a],
    ] as const) {
      const { operation, shape } = graph.nodes[product]!
      if (operation.op !== 'matmul' || shape.length !== 2 || usage.uses[product] !== 1 || sizeOf(shape) === 0) continue
      if (node.shape.length !== 2 || node.shape.some((d, i) => d !== shape[i])) continue
      products.set(id, { id: product, bias, transposes: [operation.transposeA, operation.transposeB] })
      absorbed.add(product)
      break
    }
  }
  return { products, absorbed }
}

export interface SplitGroup {
  readonly source: NodeId
  readonly axis: number
  /** Of all pieces, those that nobody asked for included. */
  readonly sizes: readonly number[]
  /** Slice -> its piece. */
  readonly slices: ReadonlyMap<NodeId, number>
}

/** Slices that cut one value along one axis without overlap: a flat vector of parameters, or gates of a cell. */
export function splits(graph: Graph, usage: Usage): Map<NodeId, SplitGroup> {
  const candidates = new Map<
    string,
    { source: NodeId; axis: number; cuts: { id: NodeId; begin: number; size: number }[] }
  >()
  for (const id of usage.needed) {
    const { operation, shape } = graph.nodes[id]!
    if (operation.op !== 'slice' || sizeOf(shape) === 0 || operation.strides.some((stride) => stride !== 1)) continue
    const source = usage.inputs[id]![0]!
    const whole = graph.nodes[source]!.shape
    const cut = shape.flatMap((d, axis) => (d === whole[axis] ? [] : [axis]))
    if (cut.length !== 1) continue
    const axis = cut[0]!
    const key = `${source} ${axis}`
    const group = candidates.get(key) ?? { source, axis, cuts: [] }
    group.cuts.push({ id, begin: operation.begin[axis]!, size: shape[axis]! })
    candidates.set(key, group)
  }
  const groups = new Map<NodeId, SplitGroup>()
  for (const { source, axis, cuts } of candidates.values()) {
    cuts.sort((a, b) => a.begin - b.begin)
    const overlap = cuts.some((cut, i) => i > 0 && cut.begin < cuts[i - 1]!.begin + cuts[i - 1]!.size)
    if (cuts.length < 2 || overlap) continue
    const sizes: number[] = []
    const slices = new Map<NodeId, number>()
    let at = 0
    for (const { id, begin, size } of cuts) {
      if (begin > at) sizes.push(begin - at)
      slices.set(id, sizes.push(size) - 1)
      at = begin + size
    }
    const rest = graph.nodes[source]!.shape[axis]! - at
    if (rest > 0) sizes.push(rest)
    const group = { source, axis, sizes, slices }
    for (const { id } of cuts) groups.set(id, group)
  }
  return groups
}
