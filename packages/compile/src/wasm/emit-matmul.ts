/**
 * Matrix products: chooses how to compute one, and loops over batches.
 *
 * - Tiles of 4 rows x 2 vectors with multiply and add, k not unrolled (tile-product.ts); one to three rows take wider ones.
 * - A^T B with fewer than four columns runs as B^T A and is transposed while it is stored.
 * - Fewer than four columns otherwise are dot products along k (dot-product.ts), as is one row times B^T.
 */
import type { Node, NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { broadcastStrides } from '../interpreter/strides.ts'
import { elements } from './analysis.ts'
import type { Code } from './code.ts'
import { dotWorkspace, emitDotProduct } from './dot-product.ts'
import { splat } from './expr.ts'
import type { Unit } from './fusion.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import type { Matrix } from './matrix.ts'
import { nest, pointer } from './nest.ts'
import { emitTileProduct, tileWorkspace } from './tile-product.ts'
import { emitWalk } from './walk.ts'

interface Problem {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** Batches, and elements between them in each operand and the result, per leading axis. */
  readonly lead: readonly number[]
  readonly strides: readonly [a: readonly number[], b: readonly number[], c: readonly number[]]
}

function problemOf(nodes: readonly Node[], node: Node): Problem {
  const { operation } = node
  if (operation.op !== 'matmul') throw new Error('not a matrix product')
  const { transposeA, transposeB } = operation
  const [a, b] = node.inputs.map((input) => nodes[input]!.shape) as [readonly number[], readonly number[]]
  const [m, n] = node.shape.slice(-2) as [number, number]
  const k = a[a.length - (transposeA ? 2 : 1)]!
  const lead = node.shape.slice(0, -2)
  // One right side for all batches: more rows.
  if (!transposeA && sizeOf(b.slice(0, -2)) === 1 && sizeOf(a.slice(0, -2)) === sizeOf(lead)) {
    return { m: m * sizeOf(lead), n, k, transposeA, transposeB, lead: [], strides: [[], [], []] }
  }
  const spread = (shape: readonly number[]): number[] =>
    broadcastStrides(shape.slice(0, -2), lead).map((s) => s * sizeOf(shape.slice(-2)))
  return { m, n, k, transposeA, transposeB, lead, strides: [spread(a), spread(b), spread(node.shape)] }
}

type Way = 'dot' | 'dotSwapped' | 'tile' | 'tileSwapped'

function wayOf({ m, n, transposeA, transposeB }: Problem): Way {
  if (m === 1 && transposeB && n > 3) return 'dotSwapped'
  if (n > 3) return 'tile'
  // A column vector lies in memory like a row vector.
  return transposeA && m > 1 ? 'tileSwapped' : 'dot'
}

export function matmulWorkspace(nodes: readonly Node[], node: Node): number {
  const problem = problemOf(nodes, node)
  const way = wayOf(problem)
  if (way === 'dot') return dotWorkspace(problem.n, problem.k, problem.transposeB)
  return way === 'tile' ? tileWorkspace(problem) : 0
}

export function emitMatmul(lowering: Lowering, code: Code, id: NodeId, unit: Unit): void {
  const node = nodeOf(lowering, id)
  const to = lowering.memory.address(unit.nodes.at(-1)!)
  const problem = problemOf(lowering.analysis.graph.nodes, node)
  const { m, n, k } = problem
  const bias = unit.bias === undefined ? undefined : lowering.memory.address(unit.bias.root) + 4 * unit.bias.offset
  if (k === 0) {
    emptyProduct(code, elements(node), n, to, bias)
    return
  }
  const bases = [addressOf(lowering, node.inputs[0]!), addressOf(lowering, node.inputs[1]!), to] as const
  const way = wayOf(problem)
  const workspace = matmulWorkspace(lowering.analysis.graph.nodes, node) > 0 ? lowering.memory.workspace(unit) : 0
  const single = sizeOf(problem.lead) === 1
  const pointers = bases.map((base, i) =>
    single
      ? undefined
      : pointer(
          code,
          base,
          problem.strides[i]!.map((s) => 4 * s),
        ),
  )
  const matrix = (i: 0 | 1 | 2): Matrix => {
    const moving = pointers[i]
    return moving === undefined ? { base: bases[i], pointer: undefined } : { base: 0, pointer: moving.local }
  }
  const [a, b, c] = [matrix(0), matrix(1), matrix(2)]
  nest(
    code,
    problem.lead,
    pointers.filter((p) => p !== undefined),
    () => {
      if (way === 'dot') emitDotProduct(code, { m, n, k, a, b, c, transposeB: problem.transposeB, bias, workspace })
      else if (way === 'dotSwapped') {
        // C^T = B A^T: n rows times one column.
        emitDotProduct(code, { m: n, n: 1, k, a: b, b: a, c, transposeB: true, bias, biasByRow: true, workspace: 0 })
      } else if (way === 'tile') emitTileProduct(code, { ...problem, a, b, c, bias, workspace, storeTransposed: false })
      else {
        // C^T = B^T A: rows of B^T are B's columns, which step by B's row length.
        const swapped = { m: n, n: m, k, transposeA: !problem.transposeB, transposeB: false }
        emitTileProduct(code, { ...swapped, a: b, b: a, c, bias, workspace: 0, storeTransposed: true })
      }
    },
  )
}

/** A sum of nothing, plus the bias. */
function emptyProduct(code: Code, total: number, n: number, to: number, bias: number | undefined): void {
  const reads = bias === undefined ? [] : [{ base: bias, strides: [0, 1] }]
  emitWalk(code, {
    sizes: n === 0 ? [0] : [total / n, n],
    reads,
    writes: [{ base: to, strides: [n, 1] }],
    body: (values) => [values[0] ?? splat(0)],
    overrun: false,
    weight: 1,
  })
}
