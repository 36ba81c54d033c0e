/** What happens to values at a function's edges: bool inputs become masks, results that lie elsewhere are copied. */
import { elements } from './analysis.ts'
import type { Code, Expr } from './code.ts'
import { get, load, splatInt, store, v } from './expr.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import type { Copy, Plan } from './memory-plan.ts'

/** Where the host writes a bool input, and where its masks go. */
export interface Widening {
  readonly bytes: number
  readonly masks: number
  readonly length: number
}

/** Bytes that are 0 or not -> masks. */
export function widen(code: Code, { bytes, masks, length }: Widening): void {
  code.repeat(Math.ceil(length / 4), 4, (at) => {
    store(code, 'v128.store', times4(at), masks, (c) => {
      load('v128.load32_zero', at === undefined ? undefined : get(at), bytes)(c)
      c.op('i16x8.extend_low_i8x16_u')
      c.op('i32x4.extend_low_i16x8_u')
      splatInt(0)(c)
      c.op('i32x4.ne')
    })
  })
}

/** Everything that is left to do when all units have run, in the order that `Plan` explains. */
export function emitResults(lowering: Lowering, code: Code, plan: Plan): void {
  for (const copy of plan.staged) copyDense(lowering, code, copy)
  for (const copy of plan.outputCopies) {
    const node = nodeOf(lowering, copy.from)
    if (node.dtype === 'bool') narrow(code, addressOf(lowering, copy.from), copy.to, elements(node))
    else copyDense(lowering, code, copy)
  }
  for (const copy of plan.stateCopies) copyDense(lowering, code, copy)
  for (const { from, to, final } of plan.staged) copyBytes(code, to, final, 4 * elements(nodeOf(lowering, from)))
}

function copyDense(lowering: Lowering, code: Code, { from, to }: Copy): void {
  copyBytes(code, addressOf(lowering, from), to, 4 * elements(nodeOf(lowering, from)))
}

/** Whole vectors: the target ends in padding. */
function copyBytes(code: Code, from: number, to: number, bytes: number): void {
  if (from === to) return
  code.repeat(Math.ceil(bytes / 16), 16, (at) => {
    const address = at === undefined ? undefined : get(at)
    store(code, 'v128.store', address, to, load('v128.load', address, from))
  })
}

/** Masks -> bytes 0 or 1. */
function narrow(code: Code, masks: number, bytes: number, length: number): void {
  code.repeat(Math.ceil(length / 4), 4, (at) => {
    const ones = code.let('v128', v.and(load('v128.load', times4(at), masks), splatInt(1)))
    if (at === undefined) code.i32(0)
    else code.get(at)
    ones(code)
    ones(code)
    code.op('i16x8.narrow_i32x4_s')
    ones(code)
    code.op('i8x16.narrow_i16x8_s')
    code.laneMemory('v128.store32_lane', bytes, 0)
  })
}

function times4(index: number | undefined): Expr | undefined {
  if (index === undefined) return undefined
  return (code) => {
    code.get(index)
    code.i32(2)
    code.op('i32.shl')
  }
}
