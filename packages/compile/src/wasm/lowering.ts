/** What every emitter gets: the analysed graph, the module to write to, and where values lie in memory. */
import type { HostData, Node, NodeId } from '../graph.ts'
import type { Analysis } from './analysis.ts'
import type { ModuleBuilder } from './encoder.ts'
import type { Unit } from './fusion.ts'

export interface Lowering {
  readonly analysis: Analysis
  readonly module: ModuleBuilder
  readonly memory: Placement
}

export interface Placement {
  /** Byte address of a root's dense storage. */
  address(root: NodeId): number
  /** Whether a root has storage. Values inside of a loop may not. */
  isStored(root: NodeId): boolean
  /** Whether nothing may be written past a root's end. */
  isExact(root: NodeId): boolean
  /** Byte address of the unit's own scratch (see `workspaceBytes`). */
  workspace(unit: Unit): number
}

export function nodeOf(lowering: Lowering, id: NodeId): Node {
  return lowering.analysis.graph.nodes[id]!
}

/** Byte address of a dense operand of a kernel. */
export function addressOf(lowering: Lowering, id: NodeId): number {
  const view = lowering.analysis.views[id]!
  return lowering.memory.address(view.root) + 4 * view.offset
}

/** The value that a constant has everywhere, if it has one. */
export function uniformValue(node: Node): number | undefined {
  if (node.operation.op !== 'constant') return undefined
  const data: HostData = node.operation.data
  const first = data[0]
  if (first === undefined) return undefined
  for (let i = 1; i < data.length; i++) if (!Object.is(data[i], first)) return undefined
  return first
}
