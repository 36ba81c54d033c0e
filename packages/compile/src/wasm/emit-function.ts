/** One graph -> one module: a function per unit and `run`, which calls them in order. */
import type { Node, NodeId } from '../graph.ts'
import { elements } from './analysis.ts'
import type { Code } from './code.ts'
import { emitCopy, emitLoop } from './emit-loop.ts'
import { emitConcat, emitPad } from './emit-assemble.ts'
import { emitArg } from './emit-arg.ts'
import { emitConv2d } from './emit-conv2d.ts'
import { emitCumulative } from './emit-cumulative.ts'
import { emitGather, emitScatterAdd } from './emit-rows.ts'
import { emitMatmul, matmulWorkspace } from './emit-matmul.ts'
import { emitReduce } from './emit-reduce.ts'
import { emitSoftmax } from './emit-softmax.ts'
import type { FunctionRef, ModuleBuilder } from './encoder.ts'
import { get, load, splatInt, store, v } from './expr.ts'
import type { Unit } from './fusion.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import type { Copy, Plan } from './memory-plan.ts'

/** Where the host writes a bool input, and where its masks go. */
export interface Widening {
  readonly bytes: number
  readonly masks: number
  readonly length: number
}

export function emitFunction(
  lowering: Lowering,
  plan: Plan,
  units: readonly Unit[],
  widenings: readonly Widening[],
): void {
  const { module } = lowering
  const calls: FunctionRef[] = []
  const add = (body: (code: Code) => void): void => {
    calls.push(module.function({ params: [], results: [] }, body))
  }
  if (widenings.length > 0) add((code) => widenings.forEach((widening) => widen(code, widening)))
  for (const unit of units) add((code) => emitUnit(lowering, code, unit))
  const copies = plan.staged.length + plan.outputCopies.length + plan.stateCopies.length
  if (copies > 0) {
    add((code) => {
      for (const copy of plan.staged) copyDense(lowering, code, copy)
      for (const copy of plan.outputCopies) {
        const node = nodeOf(lowering, copy.from)
        if (node.dtype === 'bool') narrow(code, addressOf(lowering, copy.from), copy.to, elements(node))
        else copyDense(lowering, code, copy)
      }
      for (const copy of plan.stateCopies) copyDense(lowering, code, copy)
      for (const { from, to, final } of plan.staged) {
        copyBytes(code, to, final, 4 * elements(nodeOf(lowering, from)))
      }
    })
  }
  ;(globalThis as any).__calls?.(calls)
  exportRun(module, calls)
}

function exportRun(module: ModuleBuilder, calls: readonly FunctionRef[]): void {
  const run = module.function({ params: [], results: [] }, (code) => {
    for (const call of calls) code.call(call)
  })
  module.export('run', run)
}

function emitUnit(lowering: Lowering, code: Code, unit: Unit): void {
  if (unit.kind === 'loop') emitLoop(lowering, code, unit)
  else emitKernel(lowering, code, unit, unit.nodes[0]!)
}

function emitKernel(lowering: Lowering, code: Code, unit: Unit, id: NodeId): void {
  const { op } = nodeOf(lowering, id).operation
  switch (op) {
    case 'reshape':
    case 'broadcast':
    case 'transpose':
    case 'slice':
    case 'reverse':
      return emitCopy(lowering, code, id)
    case 'concat':
      return emitConcat(lowering, code, id)
    case 'pad':
      return emitPad(lowering, code, id)
    case 'reduce':
      return emitReduce(lowering, code, id)
    case 'argmax':
    case 'argmin':
      return emitArg(lowering, code, id)
    case 'softmax':
    case 'logSoftmax':
      return emitSoftmax(lowering, code, id)
    case 'matmul':
      return emitMatmul(lowering, code, unit)
    case 'gather':
      return emitGather(lowering, code, id)
    case 'scatterAdd':
      return emitScatterAdd(lowering, code, id)
    case 'cumsum':
    case 'cumprod':
      return emitCumulative(lowering, code, id)
    case 'conv2d':
      return emitConv2d(lowering, code, id)
    default:
      throw new Error(`no lowering for ${op}`)
  }
}

/** Bytes of scratch that a unit needs while it runs. */
export function workspaceBytes(nodes: readonly Node[], unit: Unit): number {
  const node = nodes[unit.nodes[0]!]!
  return node.operation.op === 'matmul' ? matmulWorkspace(nodes, node) : 0
}

function copyDense(lowering: Lowering, code: Code, { from, to }: Copy): void {
  copyBytes(code, addressOf(lowering, from), to, 4 * elements(nodeOf(lowering, from)))
}

/** Whole vectors: both buffers end in padding. */
export function copyBytes(code: Code, from: number, to: number, bytes: number): void {
  if (bytes === 0 || from === to) return
  code.repeat(Math.ceil(bytes / 16), 16, (at) => {
    const address = at === undefined ? undefined : get(at)
    store(code, 'v128.store', address, to, load('v128.load', address, from))
  })
}

/** Bytes that are 0 or not -> masks. */
function widen(code: Code, { bytes, masks, length }: Widening): void {
  code.repeat(Math.ceil(length / 4), 4, (at) => {
    const from = at === undefined ? undefined : get(at)
    const to = at === undefined ? undefined : (c: Code) => { c.get(at); c.i32(2); c.op('i32.shl') }
    store(code, 'v128.store', to, masks, (c) => {
      load('v128.load32_zero', from, bytes)(c)
      c.op('i16x8.extend_low_i8x16_u')
      c.op('i32x4.extend_low_i16x8_u')
      splatInt(0)(c)
      c.op('i32x4.ne')
    })
  })
}

/** Masks -> bytes 0 or 1. */
function narrow(code: Code, masks: number, bytes: number, length: number): void {
  code.repeat(Math.ceil(length / 4), 4, (at) => {
    const to = at === undefined ? undefined : get(at)
    const from = at === undefined ? undefined : (c: Code) => { c.get(at); c.i32(2); c.op('i32.shl') }
    const packed = code.let('v128', (c) => {
      const ones = code.let('v128', v.and(load('v128.load', from, masks), splatInt(1)))
      ones(c)
      ones(c)
      c.op('i16x8.narrow_i32x4_s')
      ones(c)
      c.op('i8x16.narrow_i16x8_s')
    })
    if (to === undefined) code.i32(0)
    else to(code)
    packed(code)
    code.laneMemory('v128.store32_lane', bytes, 0)
  })
}

