/** The operations that are units of their own, and what emits each. Elementwise ones and views are loops or nothing. */
import type { Node, NodeId, OperationName } from '../graph.ts'
import type { Code } from './code.ts'
import { emitArg } from './emit-arg.ts'
import { emitConcat, emitPad } from './emit-assemble.ts'
import { emitConv2d } from './emit-conv2d.ts'
import { emitCumulative } from './emit-cumulative.ts'
import { emitCopy } from './emit-loop.ts'
import { emitMatmul, matmulWorkspace } from './emit-matmul.ts'
import { emitReduce } from './emit-reduce.ts'
import { emitGather, emitScatterAdd } from './emit-rows.ts'
import { emitSoftmax } from './emit-softmax.ts'
import type { Unit } from './fusion.ts'
import type { Lowering } from './lowering.ts'

type Emitter = (lowering: Lowering, code: Code, id: NodeId, unit: Unit) => void

const KERNELS: Readonly<Partial<Record<OperationName, Emitter>>> = {
  // Views that something needs dense.
  reshape: emitCopy,
  broadcast: emitCopy,
  transpose: emitCopy,
  slice: emitCopy,
  reverse: emitCopy,
  concat: emitConcat,
  pad: emitPad,
  reduce: emitReduce,
  argmax: emitArg,
  argmin: emitArg,
  softmax: emitSoftmax,
  logSoftmax: emitSoftmax,
  matmul: emitMatmul,
  gather: emitGather,
  scatterAdd: emitScatterAdd,
  cumsum: emitCumulative,
  cumprod: emitCumulative,
  conv2d: emitConv2d,
}

const LOOPS: ReadonlySet<OperationName> = new Set(['unary', 'binary', 'select', 'cast', 'oneHot'])
const LEAVES: ReadonlySet<OperationName> = new Set(['input', 'state', 'constant'])

export function isSupported(op: OperationName): boolean {
  return LEAVES.has(op) || LOOPS.has(op) || KERNELS[op] !== undefined
}

export function emitKernel(lowering: Lowering, code: Code, unit: Unit): void {
  const id = unit.nodes[0]!
  const { op } = lowering.analysis.graph.nodes[id]!.operation
  const emit = KERNELS[op]
  if (emit === undefined) throw new Error(`no lowering for ${op}`)
  emit(lowering, code, id, unit)
}

/** Bytes of scratch that a unit needs while it runs. */
export function workspaceBytes(nodes: readonly Node[], unit: Unit): number {
  const node = nodes[unit.nodes[0]!]!
  return node.operation.op === 'matmul' ? matmulWorkspace(nodes, node) : 0
}
