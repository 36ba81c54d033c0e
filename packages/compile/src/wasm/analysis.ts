/**
 * Prepares a graph for lowering: rewrites operations that are elementwise at heart, drops what nothing needs, and finds
 * for each node where its values lie: in storage of its own, or as a strided view of another node's.
 */
import type { Graph, Node, NodeId, Shape } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { expand } from './expand.ts'
import { collapse, denseView, isDense, moved, operandStrides, type View } from './view.ts'

export interface Analysis {
  readonly graph: Graph
  readonly live: readonly boolean[]
  /** Of every live node. A node that is its own root has storage or, in a loop, a register. */
  readonly views: readonly View[]
  /** Nodes that read each node directly, live ones only. */
  readonly readers: readonly (readonly NodeId[])[]
  /** Nodes that outputs and next states name. */
  readonly results: ReadonlySet<NodeId>
}

const MOVES: ReadonlySet<string> = new Set(['reshape', 'broadcast', 'transpose', 'slice', 'reverse'])

export function isElementwise(node: Node): boolean {
  const { op } = node.operation
  return op === 'unary' || op === 'binary' || op === 'select' || op === 'cast'
}

export function isMove(node: Node): boolean {
  return MOVES.has(node.operation.op)
}

/** Whether a strided view of an operand will do. */
function readsViews(node: Node): boolean {
  const { op } = node.operation
  return isMove(node) || isElementwise(node) || op === 'concat' || op === 'pad'
}

/** The shape under which a reader walks over an operand. */
function shapeRead(reader: Node, view: View): Shape {
  return isElementwise(reader) ? reader.shape : view.shape
}

export function isLeaf(node: Node): boolean {
  const { op } = node.operation
  return op === 'input' || op === 'state' || op === 'constant'
}

export function analyse(source: Graph): Analysis {
  const graph = expand(source)
  const { nodes } = graph
  const results = new Set([...Object.values(graph.outputs), ...Object.values(graph.nextState)])
  const live = new Array<boolean>(nodes.length).fill(false)
  for (const id of results) live[id] = true
  for (let id = nodes.length - 1; id >= 0; id--) if (live[id]) for (const input of nodes[id]!.inputs) live[input] = true

  const readers: NodeId[][] = nodes.map(() => [])
  nodes.forEach((node, id) => {
    if (live[id]) for (const input of node.inputs) readers[input]!.push(id)
  })
  const needsDense = (id: NodeId): boolean =>
    results.has(id) || readers[id]!.some((reader) => !readsViews(nodes[reader]!))

  const views: View[] = []
  nodes.forEach((node, id) => {
    const own = denseView(id, node.shape)
    views.push(own)
    if (!live[id] || !isMove(node)) return
    const view = moved(views[node.inputs[0]!]!, node.operation, node.shape)
    if (view === undefined) return
    // Movements of a movement decide for themselves.
    const cheap = readers[id]!.every(
      (reader) => isMove(nodes[reader]!) || isCheap(view, shapeRead(nodes[reader]!, view)),
    )
    if (isDense(view) || (!needsDense(id) && cheap)) views[id] = view
  })
  return { graph, live, views, readers, results }
}

/** Whether neighbours lie side by side, or are one element, as a reader of `shape` walks over the view. */
function isCheap(view: View, shape: Shape): boolean {
  const inner = collapse(shape, operandStrides(view, shape)).at(-1)
  return inner === undefined || inner.stride === 0 || inner.stride === 1
}

/** Elements of a node. */
export function elements(node: Node): number {
  return sizeOf(node.shape)
}
