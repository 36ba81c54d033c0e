/** Expressions over the instruction set: small functions that compose, so that emitters read like formulas. */
import type { Code, Expr, Local } from './code.ts'
import type { MemoryOpName, OpName } from './opcodes.ts'

const op =
  (name: OpName) =>
  (...operands: readonly Expr[]): Expr =>
  (code) => {
    for (const operand of operands) operand(code)
    code.op(name)
  }

export const get =
  (local: Local): Expr =>
  (code) =>
    code.get(local)

export const i32 =
  (value: number): Expr =>
  (code) =>
    code.i32(value)

export const f64 =
  (value: number): Expr =>
  (code) =>
    code.f64(value)

/** `value` in all four lanes. */
export const splat =
  (value: number): Expr =>
  (code) =>
    code.constant(`f${Object.is(value, -0) ? '-0' : value}`, (c) => {
      c.f32(value)
      c.op('f32x4.splat')
    })

export const splatInt =
  (value: number): Expr =>
  (code) =>
    code.constant(`i${value}`, (c) => {
      c.i32(value)
      c.op('i32x4.splat')
    })

export const lanes =
  (values: readonly [number, number, number, number]): Expr =>
  (code) =>
    code.constant(`l${values}`, (c) => c.v128(values))

/** `address` undefined: the offset alone. */
export const load =
  (name: MemoryOpName, address: Expr | undefined, offset: number): Expr =>
  (code) => {
    if (address === undefined) code.i32(0)
    else address(code)
    code.memory(name, offset)
  }

export function store(code: Code, name: MemoryOpName, address: Expr | undefined, offset: number, value: Expr): void {
  if (address === undefined) code.i32(0)
  else address(code)
  value(code)
  code.memory(name, offset)
}

export const shuffle =
  (a: Expr, b: Expr, picked: readonly [number, number, number, number]): Expr =>
  (code) => {
    a(code)
    b(code)
    code.shuffle(picked)
  }

/** Lane 0 to 3 of `vector` as f32. */
export const lane =
  (vector: Expr, index: number): Expr =>
  (code) => {
    vector(code)
    code.lane('f32x4.extract_lane', index)
  }

/** bitselect(a, b, mask): a where the mask is set. */
export const choose = (mask: Expr, a: Expr, b: Expr): Expr => v.bitselect(a, b, mask)

export const f4 = {
  add: op('f32x4.add'),
  sub: op('f32x4.sub'),
  mul: op('f32x4.mul'),
  div: op('f32x4.div'),
  abs: op('f32x4.abs'),
  neg: op('f32x4.neg'),
  sqrt: op('f32x4.sqrt'),
  ceil: op('f32x4.ceil'),
  floor: op('f32x4.floor'),
  nearest: op('f32x4.nearest'),
  /** b < a ? b : a */
  pmin: op('f32x4.pmin'),
  /** a < b ? b : a */
  pmax: op('f32x4.pmax'),
  eq: op('f32x4.eq'),
  ne: op('f32x4.ne'),
  lt: op('f32x4.lt'),
  le: op('f32x4.le'),
  gt: op('f32x4.gt'),
  ge: op('f32x4.ge'),
  fromInt: op('f32x4.convert_i32x4_s'),
  toInt: op('i32x4.trunc_sat_f32x4_s'),
}

export const i4 = {
  add: op('i32x4.add'),
  sub: op('i32x4.sub'),
  mul: op('i32x4.mul'),
  neg: op('i32x4.neg'),
  abs: op('i32x4.abs'),
  min: op('i32x4.min_s'),
  max: op('i32x4.max_s'),
  eq: op('i32x4.eq'),
  ne: op('i32x4.ne'),
  lt: op('i32x4.lt_s'),
  le: op('i32x4.le_s'),
  gt: op('i32x4.gt_s'),
  ge: op('i32x4.ge_s'),
  /** The count is an i32. */
  shl: op('i32x4.shl'),
  shr: op('i32x4.shr_s'),
}

export const v = {
  and: op('v128.and'),
  /** a & ~b */
  andnot: op('v128.andnot'),
  or: op('v128.or'),
  xor: op('v128.xor'),
  not: op('v128.not'),
  bitselect: op('v128.bitselect'),
  any: op('v128.any_true'),
}

export const d = {
  add: op('f64.add'),
  sub: op('f64.sub'),
  mul: op('f64.mul'),
  div: op('f64.div'),
  abs: op('f64.abs'),
  neg: op('f64.neg'),
  floor: op('f64.floor'),
  trunc: op('f64.trunc'),
  nearest: op('f64.nearest'),
  eq: op('f64.eq'),
  ne: op('f64.ne'),
  lt: op('f64.lt'),
  promote: op('f64.promote_f32'),
  demote: op('f32.demote_f64'),
  fromInt: op('f64.convert_i32_s'),
}

export const i = {
  add: op('i32.add'),
  sub: op('i32.sub'),
  mul: op('i32.mul'),
  and: op('i32.and'),
  or: op('i32.or'),
  shl: op('i32.shl'),
  eqz: op('i32.eqz'),
  eq: op('i32.eq'),
  ltU: op('i32.lt_u'),
}

/** c[0] + x (c[1] + x (c[2] + ...)) in f32 lanes; a statement per step (see `Code.weave`). */
export function polynomial(code: Code, x: Expr, coefficients: readonly number[]): Expr {
  let value = splat(coefficients.at(-1)!)
  for (const c of coefficients.slice(0, -1).reverse()) value = code.let('v128', f4.add(f4.mul(value, x), splat(c)))
  return value
}
