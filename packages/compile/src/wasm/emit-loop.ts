/** Elementwise loops, and the copies that make a strided view dense. */
import type { BinaryOp, Node, NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { stridesOf } from '../interpreter/strides.ts'
import { elements } from './analysis.ts'
import type { Code, Expr } from './code.ts'
import { choose, f4, splat, splatInt } from './expr.ts'
import type { Unit } from './fusion.ts'
import { type Lowering, nodeOf, uniformValue } from './lowering.ts'
import { operandsOf } from './operands.ts'
import { binary, cast, compareBool, unary, type VectorContext } from './vector-ops.ts'
import { collapse, moved, refine, type View } from './view.ts'
import { emitWalk, type Stream } from './walk.ts'

type Source = { readonly value: Expr } | { readonly read: number } | { readonly member: NodeId }

export function emitLoop(lowering: Lowering, code: Code, unit: Unit): void {
  const { analysis, memory, module } = lowering
  const { nodes } = analysis.graph
  const members = new Set(unit.nodes)
  const total = elements(nodes[unit.nodes[0]!]!)
  // Streams are told apart by what they read and how; their strides are known once all walks are.
  const reads = new Map<string, { base: number; axes: readonly { size: number; stride: number }[] }>()
  const sources = new Map<NodeId, Source[]>()
  for (const id of unit.nodes) {
    const node = nodes[id]!
    sources.set(
      id,
      operandsOf(analysis, id).map(({ view, axes, direct }): Source => {
        if (direct && members.has(view.root)) return { member: view.root }
        const root = nodes[view.root]!
        const uniform = uniformValue(root)
        if (uniform !== undefined) return { value: constant(root, uniform) }
        const base = memory.address(view.root) + 4 * view.offset
        const key = `${base}:${axes.map((axis) => `${axis.size}x${axis.stride}`)}`
        if (!reads.has(key)) reads.set(key, { base, axes })
        return { read: [...reads.keys()].indexOf(key) }
      }),
    )
    if (node.inputs.length === 0) throw new Error('a leaf cannot be in a loop')
  }
  const walks = [...reads.values()]
  const refined = refine(
    walks.map((walk) => walk.axes),
    total,
  )!
  const stored = unit.nodes.filter((id) => memory.isStored(id))
  const dense = stridesOf(refined.sizes)
  emitWalk(code, {
    sizes: refined.sizes,
    reads: walks.map((walk, i): Stream => ({ base: walk.base, strides: refined.strides[i]! })),
    writes: stored.map((id): Stream => ({ base: memory.address(id), strides: dense })),
    overrun: stored.every((id) => !memory.isExact(id)),
    weight: unit.nodes.reduce((sum, id) => sum + weightOf(nodes[id]!), 0),
    body: (values) => {
      const context: VectorContext = { code, module }
      const results = new Map<NodeId, Expr>()
      for (const id of unit.nodes) {
        const operands = sources.get(id)!.map((source) => {
          if ('value' in source) return source.value
          return 'read' in source ? values[source.read]! : results.get(source.member)!
        })
        results.set(id, code.let('v128', elementwise(lowering, context, id, operands)))
      }
      return stored.map((id) => results.get(id)!)
    },
  })
}

/** One elementwise node on vectors. */
function elementwise(lowering: Lowering, context: VectorContext, id: NodeId, operands: readonly Expr[]): Expr {
  const node = nodeOf(lowering, id)
  const { operation } = node
  const [a, b, c] = operands as [Expr, Expr, Expr]
  const dtype = nodeOf(lowering, node.inputs[0]!).dtype
  switch (operation.op) {
    case 'unary':
      return unary(context, operation.fn, dtype, a)
    case 'cast':
      return cast(context, dtype, node.dtype, a)
    case 'select':
      return choose(a, b, c)
    case 'binary': {
      const { fn } = operation
      if (dtype === 'bool' && fn !== 'and' && fn !== 'or') return compareBool(fn, a, b)
      if (dtype === 'float32') {
        const [x, y] = node.inputs.map((input) => uniformOf(lowering, input))
        const simpler = simplified(fn, a, b, x, y)
        if (simpler !== undefined) return simpler
      }
      return binary(context, fn, dtype, a, b)
    }
    default:
      throw new Error(`${operation.op} is not elementwise`)
  }
}

function uniformOf(lowering: Lowering, id: NodeId): number | undefined {
  return uniformValue(nodeOf(lowering, lowering.analysis.views[id]!.root))
}

/** Cheaper forms where an operand is known (x of a, y of b). */
function simplified(fn: BinaryOp, a: Expr, b: Expr, x: number | undefined, y: number | undefined): Expr | undefined {
  if (fn === 'max' || fn === 'min') {
    // pmax and pmin keep a first operand that is NaN.
    const pick = fn === 'max' ? f4.pmax : f4.pmin
    if (y !== undefined && !Number.isNaN(y)) return pick(a, b)
    if (x !== undefined && !Number.isNaN(x)) return pick(b, a)
  }
  if (fn === 'div' && y !== undefined && isPowerOfTwo(y)) return f4.mul(a, splat(1 / y))
  if (fn === 'pow' && y !== undefined) {
    if (y === 1) return a
    if (y === 2) return f4.mul(a, a)
    if (y === 3) return f4.mul(f4.mul(a, a), a)
    if (y === -1) return f4.div(splat(1), a)
    if (y === 0.5) {
      // Unlike the root, the power of -0 is 0 and that of -Infinity is Infinity.
      const root = f4.add(f4.sqrt(a), splat(0))
      return choose(f4.eq(a, splat(Number.NEGATIVE_INFINITY)), splat(Number.POSITIVE_INFINITY), root)
    }
  }
  return undefined
}

function isPowerOfTwo(x: number): boolean {
  const exponent = Math.log2(Math.abs(x))
  return Number.isInteger(exponent) && Math.abs(exponent) < 126
}

export function constant(node: Node, value: number): Expr {
  if (node.dtype === 'float32') return splat(value)
  return splatInt(node.dtype === 'int32' ? value : value === 0 ? 0 : -1)
}

const HEAVY: ReadonlySet<string> = new Set([
  'exp',
  'expm1',
  'log',
  'log1p',
  'tanh',
  'sigmoid',
  'softplus',
  'erf',
  'pow',
  'floorDiv',
  'mod',
  'div',
])

function weightOf(node: Node): number {
  return 'fn' in node.operation && HEAVY.has(node.operation.fn) ? 40 : 3
}

/** A materialised movement: its operand's elements in the order of the node. */
export function emitCopy(lowering: Lowering, code: Code, id: NodeId): void {
  const { analysis, memory } = lowering
  const node = nodeOf(lowering, id)
  const operand = analysis.views[node.inputs[0]!]!
  // A reshape that strides cannot express keeps its operand's order, so that it walks over the operand's own axes.
  const from = moved(operand, node.operation, node.shape) ?? operand
  copyStrided(lowering, code, from, { base: memory.address(id), strides: stridesOf(from.shape) })
}

/** Writes a view's elements to the same positions under other strides. */
export function copyStrided(
  lowering: Lowering,
  code: Code,
  from: View,
  to: { base: number; strides: readonly number[] },
): void {
  const total = sizeOf(from.shape)
  if (total === 0) return
  const root = nodeOf(lowering, from.root)
  const uniform = uniformValue(root)
  const refined = refine([collapse(from.shape, from.strides), collapse(from.shape, to.strides)], total)!
  const base = uniform === undefined ? lowering.memory.address(from.root) + 4 * from.offset : 0
  emitWalk(code, {
    sizes: refined.sizes,
    reads: uniform === undefined ? [{ base, strides: refined.strides[0]! }] : [],
    writes: [{ base: to.base, strides: refined.strides[1]! }],
    overrun: false,
    weight: 1,
    body: (values) => [uniform === undefined ? values[0]! : constant(root, uniform)],
  })
}
