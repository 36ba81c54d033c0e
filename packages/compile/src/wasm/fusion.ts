/**
 * Cuts a graph into units: each becomes one function of the module. Elementwise nodes that walk over the same elements
 * share a loop wherever no other unit has to run between them; a bias goes into its matrix product.
 */
import type { NodeId } from '../graph.ts'
import { type Analysis, elements, isElementwise, isLeaf } from './analysis.ts'
import { type Operand, operandsOf } from './operands.ts'
import { denseView, type View } from './view.ts'

export interface Unit {
  kind: 'loop' | 'kernel'
  /** Of a loop: in order. Of a kernel: the operation, and for a matrix product its bias addition. */
  nodes: NodeId[]
  /** Added to each row of a matrix product. */
  bias?: View
}

/** Longer loops gain nothing and take long to optimise. */
const MAX_LOOP_NODES = 80

export function fuse(analysis: Analysis): Unit[] {
  const fusion = new Fusion(analysis)
  const { graph, live, views } = analysis
  graph.nodes.forEach((node, id) => {
    if (live[id] && !isLeaf(node) && views[id]!.root === id && elements(node) > 0) fusion.add(id)
  })
  return fusion.ordered()
}

/** A unit while it grows. */
interface Draft extends Unit {
  readonly total: number
  /** Units that must run before; of merged ones some may have moved: see `resolve`. */
  readonly dependencies: Set<number>
  /** Products of inner sizes at which operands change stride: they must divide each other. */
  readonly boundaries: Set<number>
  /** Roots that are read otherwise than element by element. */
  readonly strided: Set<NodeId>
}

class Fusion {
  readonly #analysis: Analysis
  readonly #drafts: (Draft | undefined)[] = []
  /** Where a draft that was merged has gone. */
  readonly #moved = new Map<number, number>()
  readonly #unitOf = new Map<NodeId, number>()
  /** Loops that read each root. */
  readonly #readers = new Map<NodeId, Set<number>>()

  constructor(analysis: Analysis) {
    this.#analysis = analysis
  }

  add(id: NodeId): void {
    const { graph, views } = this.#analysis
    const node = graph.nodes[id]!
    if (!isElementwise(node)) {
      const roots = node.inputs.map((input) => views[input]!.root)
      this.#open(id, 'kernel', roots, [], [])
      return
    }
    const operands = operandsOf(this.#analysis, id)
    if (!this.#addBias(id, operands)) this.#addToLoop(id, operands)
  }

  ordered(): Unit[] {
    const waiting = new Map<number, Set<number>>()
    this.#drafts.forEach((draft, index) => {
      if (draft !== undefined) waiting.set(index, new Set([...draft.dependencies].map((d) => this.#resolve(d))))
    })
    for (const [index, needs] of waiting) needs.delete(index)
    const last = (index: number): NodeId => this.#drafts[index]!.nodes.at(-1)!
    const order: Unit[] = []
    while (waiting.size > 0) {
      // Among those that could run, the one whose last node came first in the recording.
      let next: number | undefined
      for (const [index, needs] of waiting) {
        if (needs.size === 0 && (next === undefined || last(index) < last(next))) next = index
      }
      if (next === undefined) throw new Error('fusion made a cycle')
      waiting.delete(next)
      for (const needs of waiting.values()) needs.delete(next)
      const { kind, nodes, bias } = this.#drafts[next]!
      order.push(bias === undefined ? { kind, nodes } : { kind, nodes, bias })
    }
    return order
  }

  #open(
    id: NodeId,
    kind: Unit['kind'],
    roots: readonly NodeId[],
    boundaries: Iterable<number>,
    strided: Iterable<NodeId>,
  ): number {
    const dependencies = new Set<number>()
    for (const root of roots) {
      const from = this.#unitOf.get(root)
      if (from !== undefined) dependencies.add(from)
    }
    const total = elements(this.#analysis.graph.nodes[id]!)
    const draft: Draft = {
      kind,
      nodes: [id],
      total,
      dependencies,
      boundaries: new Set(boundaries),
      strided: new Set(strided),
    }
    const index = this.#drafts.push(draft) - 1
    this.#unitOf.set(id, index)
    return index
  }

  #addToLoop(id: NodeId, operands: readonly Operand[]): void {
    const { nodes } = this.#analysis.graph
    const total = elements(nodes[id]!)
    const roots = operands.map((operand) => operand.view.root)
    const boundaries = operands.flatMap(({ axes }) => {
      let product = 1
      return [...axes].reverse().map((axis) => {
        product *= axis.size
        return product
      })
    })
    const strided = operands.filter((operand) => !operand.direct).map((operand) => operand.view.root)
    // Loops that make an operand, then loops that read the same values.
    const candidates = new Set<number>()
    for (const { view, direct } of operands) {
      const producer = this.#unitOf.get(view.root)
      if (direct && producer !== undefined) candidates.add(producer)
    }
    for (const root of roots) {
      if (elements(nodes[root]!) === total) for (const reader of this.#readers.get(root) ?? []) candidates.add(reader)
    }
    let home = this.#open(id, 'loop', roots, [1, total, ...boundaries], strided)
    for (const candidate of candidates) {
      const into = this.#resolve(candidate)
      if (into !== home && this.#canMerge(into, home)) home = this.#merge(into, home)
    }
    for (const root of roots) {
      const readers = this.#readers.get(root)
      if (readers === undefined) this.#readers.set(root, new Set([home]))
      else readers.add(home)
    }
  }

  #canMerge(into: number, from: number): boolean {
    const a = this.#drafts[into]!
    const b = this.#drafts[from]!
    if (a.kind !== 'loop' || a.total !== b.total || a.nodes.length + b.nodes.length > MAX_LOOP_NODES) return false
    const boundaries = [...new Set([...a.boundaries, ...b.boundaries])].sort((x, y) => x - y)
    if (boundaries.some((size, i) => i > 0 && size % boundaries[i - 1]! !== 0)) return false
    if (a.nodes.some((id) => b.strided.has(id)) || b.nodes.some((id) => a.strided.has(id))) return false
    return !this.#wouldCycle(into, from)
  }

  /** Whether running both as one would make it wait for itself, through a unit outside. */
  #wouldCycle(a: number, b: number): boolean {
    const seen = new Set([a, b])
    const stack: number[] = []
    for (const member of [a, b]) {
      for (const dependency of this.#drafts[member]!.dependencies) {
        const at = this.#resolve(dependency)
        if (!seen.has(at)) stack.push(at)
      }
    }
    while (stack.length > 0) {
      const at = stack.pop()!
      if (seen.has(at)) continue
      seen.add(at)
      for (const dependency of this.#drafts[at]!.dependencies) {
        const next = this.#resolve(dependency)
        if (next === a || next === b) return true
        if (!seen.has(next)) stack.push(next)
      }
    }
    return false
  }

  #merge(into: number, from: number): number {
    const a = this.#drafts[into]!
    const b = this.#drafts[from]!
    a.nodes = [...a.nodes, ...b.nodes].sort((x, y) => x - y)
    for (const id of b.nodes) this.#unitOf.set(id, into)
    for (const dependency of b.dependencies) a.dependencies.add(dependency)
    for (const boundary of b.boundaries) a.boundaries.add(boundary)
    for (const root of b.strided) a.strided.add(root)
    this.#drafts[from] = undefined
    this.#moved.set(from, into)
    return into
  }

  #resolve(index: number): number {
    let at = index
    for (let next = this.#moved.get(at); next !== undefined; next = this.#moved.get(at)) at = next
    return at
  }

  /** Adds `id` to the matrix product that it only adds a row vector to. */
  #addBias(id: NodeId, operands: readonly Operand[]): boolean {
    const { graph, readers, results } = this.#analysis
    const node = graph.nodes[id]!
    if (node.operation.op !== 'binary' || node.operation.fn !== 'add') return false
    for (const side of [0, 1] as const) {
      const product = node.inputs[side]!
      const bias = operands[1 - side]!
      const draft = this.#drafts[this.#unitOf.get(product) ?? -1]
      if (graph.nodes[product]!.operation.op !== 'matmul' || draft?.nodes.length !== 1) continue
      if (!operands[side]!.direct || bias.view.root === product) continue
      const columns = node.shape.at(-1)!
      const row = bias.view.strides.every((s, axis) => s === (axis === node.shape.length - 1 && columns > 1 ? 1 : 0))
      if (!row || readers[product]!.length > 1 || results.has(product)) continue
      draft.nodes.push(id)
      draft.bias = denseView(bias.view.root, [columns], bias.view.offset)
      const from = this.#unitOf.get(bias.view.root)
      if (from !== undefined) draft.dependencies.add(from)
      this.#unitOf.set(id, this.#unitOf.get(product)!)
      return true
    }
    return false
  }
}
