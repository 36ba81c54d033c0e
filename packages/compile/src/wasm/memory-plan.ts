/**
 * Where every value of a function lies: results in outputs, next states in place where nothing reads the old value
 * afterwards, parts of a concatenation where they end up, everything else in scratch that is reused when its last
 * reader has run.
 */
import type { NodeId } from '../graph.ts'
import type { Analysis } from './analysis.ts'
import { elements, isLeaf } from './analysis.ts'
import type { Unit } from './fusion.ts'
import type { Placement } from './lowering.ts'
import { type ProgramMemory, RangeAllocator } from './memory.ts'
import { operandsOf } from './operands.ts'

export interface FunctionBuffers {
  /** State leaves by path. */
  readonly state: ReadonlyMap<string, number>
  /** Dense storage of input nodes; of bool ones the widened masks. */
  readonly inputs: ReadonlyMap<NodeId, number>
  /** Output name -> its buffer; bool ones are bytes. */
  readonly outputs: ReadonlyMap<string, number>
}

export interface Copy {
  readonly from: NodeId
  readonly to: number
}

export interface Plan extends Placement {
  /** After all units, in this order: old values of other leaves go aside, outputs, next states, values from aside. */
  readonly staged: readonly (Copy & { readonly final: number })[]
  readonly outputCopies: readonly (Copy & { readonly name: string })[]
  readonly stateCopies: readonly Copy[]
  readonly scratchBytes: number
}

export function planMemory(
  analysis: Analysis,
  units: readonly Unit[],
  buffers: FunctionBuffers,
  memory: ProgramMemory,
  workspaceBytes: (unit: Unit) => number,
): Plan {
  const { graph, views } = analysis
  const { nodes } = graph
  const producer = new Map<NodeId, number>()
  /** Positions of the units that read each root. */
  const readAt = new Map<NodeId, number[]>()
  const stored = new Set<NodeId>()
  const noteRead = (root: NodeId, at: number): void => {
    const positions = readAt.get(root)
    if (positions === undefined) readAt.set(root, [at])
    else positions.push(at)
  }
  units.forEach((unit, at) => {
    for (const id of unit.nodes) producer.set(id, at)
    for (const id of unit.nodes) {
      for (const input of nodes[id]!.inputs) {
        const { root } = views[input]!
        noteRead(root, at)
        if (producer.get(root) !== at || unit.kind === 'kernel') stored.add(root)
      }
    }
    if (unit.kind === 'kernel') stored.add(unit.nodes.at(-1)!)
  })
  const resultRoots = new Set([...analysis.results].map((id) => views[id]!.root))
  for (const root of resultRoots) stored.add(root)

  const leaves = new Map(
    nodes.flatMap(({ operation }, id) => (operation.op === 'state' ? [[operation.path, id] as const] : [])),
  )
  const fixed = new Map<NodeId, number>()
  const stateCopies: Copy[] = []
  const staged: (Copy & { final: number })[] = []
  for (const [path, id] of Object.entries(graph.nextState)) {
    const to = buffers.state.get(path)!
    const view = views[id]!
    const rootNode = nodes[view.root]!
    const leaf = leaves.get(path) ?? -1
    if (view.root === leaf && view.offset === 0) continue
    if (rootNode.operation.op === 'state') {
      // Another leaf's old value: it may be about to be overwritten itself.
      staged.push({ from: id, to: -1, final: to })
      continue
    }
    const at = producer.get(view.root)
    const whole = elements(rootNode) === elements(nodes[id]!)
    if (at === undefined || !whole || fixed.has(view.root) || !isFree(leaf, at)) stateCopies.push({ from: id, to })
    else fixed.set(view.root, to)
  }

  /** Whether leaf's old value is not needed when the unit at `at` writes the new one over it. */
  function isFree(leaf: NodeId, at: number): boolean {
    if (leaf < 0) return true
    const positions = readAt.get(leaf) ?? []
    if (positions.some((position) => position > at)) return false
    // The old value goes out as an output: those are copied last.
    if (resultRoots.has(leaf)) return false
    if (!positions.includes(at)) return true
    const unit = units[at]!
    if (unit.kind !== 'loop') return false
    return unit.nodes.every((id) =>
      operandsOf(analysis, id).every((operand) => operand.view.root !== leaf || operand.direct),
    )
  }

  const outputCopies: (Copy & { name: string })[] = []
  for (const [name, id] of Object.entries(graph.outputs)) {
    const to = buffers.outputs.get(name)!
    const { root } = views[id]!
    const direct = nodes[id]!.dtype !== 'bool' && producer.has(root) && elements(nodes[root]!) === elements(nodes[id]!)
    if (direct && !fixed.has(root)) fixed.set(root, to)
    else outputCopies.push({ name, from: id, to })
  }

  const parts = placeParts(analysis, units, producer, fixed, stored)
  const exact = new Set(parts.keys())
  const scratch = new RangeAllocator()
  const offsets = new Map<NodeId, number>()
  const workspaces = new Map<Unit, number>()
  const lastRead = (root: NodeId): number => {
    if (resultRoots.has(root)) return units.length
    const own = readAt.get(root)?.at(-1) ?? producer.get(root)!
    return Math.max(own, producer.get(root)!)
  }
  const outermost = (root: NodeId): NodeId => {
    const part = parts.get(root)
    return part === undefined ? root : outermost(part.whole)
  }
  const begins = new Map<number, NodeId[]>()
  const ends = new Map<number, NodeId[]>()
  const push = (map: Map<number, NodeId[]>, at: number, id: NodeId): void => {
    const list = map.get(at)
    if (list === undefined) map.set(at, [id])
    else list.push(id)
  }
  for (const root of stored) {
    const at = producer.get(root)
    if (at === undefined || fixed.has(root) || parts.has(root)) continue
    const placed = [...parts.keys()].filter((part) => outermost(part) === root)
    push(begins, Math.min(at, ...placed.map((part) => producer.get(part)!)), root)
    push(ends, Math.max(lastRead(root), ...placed.map(lastRead)), root)
  }
  units.forEach((unit, at) => {
    for (const root of begins.get(at) ?? []) offsets.set(root, scratch.take(bytesOf(root)))
    const need = workspaceBytes(unit)
    if (need > 0) {
      const offset = scratch.take(need)
      workspaces.set(unit, offset)
      scratch.give(offset, need)
    }
    for (const root of ends.get(at) ?? []) scratch.give(offsets.get(root)!, bytesOf(root))
  })
  for (const copy of staged) Object.assign(copy, { to: scratch.take(4 * elements(nodes[copy.from]!)) })
  const scratchBytes = scratch.size
  const base = memory.scratch(scratchBytes)
  for (const copy of staged) Object.assign(copy, { to: base + copy.to })

  function bytesOf(root: NodeId): number {
    return 4 * elements(nodes[root]!)
  }

  const constants = new Map<NodeId, number>()
  const address = (root: NodeId): number => {
    const { operation } = nodes[root]!
    if (operation.op === 'input') return buffers.inputs.get(root)!
    if (operation.op === 'state') return buffers.state.get(operation.path)!
    if (operation.op === 'constant') {
      let at = constants.get(root)
      if (at === undefined) {
        at = memory.allocate(4 * operation.data.length)
        memory.write(nodes[root]!.dtype, at, operation.data)
        constants.set(root, at)
      }
      return at
    }
    const here = fixed.get(root)
    if (here !== undefined) return here
    const part = parts.get(root)
    if (part !== undefined) return address(part.whole) + part.offset
    if (elements(nodes[root]!) === 0) return base
    const offset = offsets.get(root)
    if (offset === undefined) throw new Error(`node ${root} has no storage`)
    return base + offset
  }
  return {
    address,
    isStored: (root) => stored.has(root),
    isExact: (root) => exact.has(root),
    workspace: (unit) => base + workspaces.get(unit)!,
    stateCopies,
    outputCopies,
    staged,
    scratchBytes,
  }
}

interface Part {
  readonly whole: NodeId
  readonly offset: number
}

/** Operands of concatenations along the outermost axis that their producers can write where they belong. */
function placeParts(
  analysis: Analysis,
  units: readonly Unit[],
  producer: ReadonlyMap<NodeId, number>,
  fixed: ReadonlyMap<NodeId, number>,
  stored: ReadonlySet<NodeId>,
): Map<NodeId, Part> {
  const { nodes } = analysis.graph
  const parts = new Map<NodeId, Part>()
  for (const unit of units) {
    const whole = unit.nodes.at(-1)!
    const { operation, inputs, shape } = nodes[whole]!
    // A next state in place must not be written before its unit's turn; an output may.
    if (operation.op !== 'concat' || shape.slice(0, operation.axis).some((size) => size !== 1)) continue
    if (fixed.has(whole) && isNextState(analysis, whole)) continue
    let offset = 0
    for (const input of inputs) {
      const view = analysis.views[input]!
      const root = nodes[view.root]!
      const bytes = 4 * elements(nodes[input]!)
      const movable =
        view.offset === 0 && elements(root) === elements(nodes[input]!) && producer.has(view.root) && !isLeaf(root)
      if (movable && stored.has(view.root) && !fixed.has(view.root) && !parts.has(view.root) && view.root !== whole) {
        parts.set(view.root, { whole, offset })
      }
      offset += bytes
    }
  }
  return parts
}

function isNextState(analysis: Analysis, root: NodeId): boolean {
  return Object.values(analysis.graph.nextState).some((id) => analysis.views[id]!.root === root)
}
