/**
 * Every elementwise operation of the graph on four lanes. bool is a mask of all ones or zeros, in registers and in
 * memory. Operands are expressions without side effects that may be read more than once.
 */

import type { BinaryOp, Dtype, UnaryOp } from '../graph.ts'
import type { Code, Expr } from './code.ts'
import type { FunctionRef, ModuleBuilder } from './encoder.ts'
import { choose, f4, i4, splat, splatInt, v } from './expr.ts'
import { type HostFunctionName, hostFunction } from './host-functions.ts'
import { powFunction } from './scalar-pow.ts'
import { erf, exp, expm1, log, log1p, sigmoid, softplus, tanh } from './vector-math.ts'

export interface VectorContext {
  readonly code: Code
  readonly module: ModuleBuilder
}

const INFINITY = splat(Number.POSITIVE_INFINITY)
const ONE = splat(1)
const ZERO = splat(0)

export function unary({ code, module }: VectorContext, fn: UnaryOp, dtype: Dtype, x: Expr): Expr {
  if (dtype === 'int32') {
    if (fn === 'neg') return i4.neg(x)
    if (fn === 'abs') return i4.abs(x)
    if (fn === 'sign') return i4.sub(i4.lt(x, splatInt(0)), i4.gt(x, splatInt(0)))
  }
  switch (fn) {
    case 'not':
      return v.not(x)
    case 'isNaN':
      return f4.ne(x, x)
    case 'isFinite':
      return f4.lt(f4.abs(x), INFINITY)
    case 'isInf':
      return f4.eq(f4.abs(x), INFINITY)
    case 'neg':
      return f4.neg(x)
    case 'abs':
      return f4.abs(x)
    case 'sign':
      return v.or(v.and(f4.lt(x, ZERO), splat(-1)), v.and(f4.gt(x, ZERO), ONE))
    case 'floor':
      return f4.floor(x)
    case 'ceil':
      return f4.ceil(x)
    case 'round':
      return f4.nearest(x)
    case 'sqrt':
      return f4.sqrt(x)
    case 'rsqrt':
      return f4.div(ONE, f4.sqrt(x))
    case 'exp':
      return exp(code, x)
    case 'expm1':
      return expm1(code, x)
    case 'log':
      return log(code, x)
    case 'log1p':
      return log1p(code, x)
    case 'tanh':
      return tanh(code, x)
    case 'sigmoid':
      return sigmoid(code, x)
    case 'softplus':
      return softplus(code, x)
    case 'erf':
      return erf(code, x)
    default:
      return perLane(code, [x], hostFunction(module, fn satisfies HostFunctionName))
  }
}

export function binary(context: VectorContext, fn: BinaryOp, dtype: Dtype, a: Expr, b: Expr): Expr {
  if (fn === 'and') return v.and(a, b)
  if (fn === 'or') return v.or(a, b)
  return dtype === 'float32' ? binaryFloat(context, fn, a, b) : binaryInt(context, fn, a, b)
}

function binaryFloat({ code, module }: VectorContext, fn: BinaryOp, a: Expr, b: Expr): Expr {
  switch (fn) {
    case 'add':
      return f4.add(a, b)
    case 'sub':
      return f4.sub(a, b)
    case 'mul':
      return f4.mul(a, b)
    case 'div':
      return f4.div(a, b)
    case 'max':
      return choose(f4.ne(b, b), b, f4.pmax(a, b))
    case 'min':
      return choose(f4.ne(b, b), b, f4.pmin(a, b))
    case 'equal':
      return f4.eq(a, b)
    case 'notEqual':
      return f4.ne(a, b)
    case 'less':
      return f4.lt(a, b)
    case 'lessEqual':
      return f4.le(a, b)
    case 'greater':
      return f4.gt(a, b)
    case 'greaterEqual':
      return f4.ge(a, b)
    case 'pow':
      return perLane(code, [a, b], powFunction(module))
    case 'floorDiv':
      // The quotient in double: in float32 it could round up to the next integer.
      return perLane(code, [a, b], (c) => {
        c.op('f64.div')
        c.op('f64.floor')
      })
    default:
      return perLane(code, [a, b], hostFunction(module, fn as 'mod' | 'atan2'))
  }
}

function binaryInt({ code, module }: VectorContext, fn: BinaryOp, a: Expr, b: Expr): Expr {
  const wrapped = (body: (c: Code) => void): Expr =>
    perLane(
      code,
      [a, b],
      (c) => {
        body(c)
        // Quotients lie within 2^31 or are infinite or NaN (division by zero), which int32 stores as 0.
        c.call(hostFunction(module, 'toInt32'))
      },
      'int32',
    )
  switch (fn) {
    case 'add':
      return i4.add(a, b)
    case 'sub':
      return i4.sub(a, b)
    case 'mul':
      return i4.mul(a, b)
    case 'max':
      return i4.max(a, b)
    case 'min':
      return i4.min(a, b)
    case 'equal':
      return i4.eq(a, b)
    case 'notEqual':
      return i4.ne(a, b)
    case 'less':
      return i4.lt(a, b)
    case 'lessEqual':
      return i4.le(a, b)
    case 'greater':
      return i4.gt(a, b)
    case 'greaterEqual':
      return i4.ge(a, b)
    case 'div':
      return wrapped((c) => c.op('f64.div'))
    case 'floorDiv':
      return wrapped((c) => {
        c.op('f64.div')
        c.op('f64.floor')
      })
    case 'pow':
      return wrapped((c) => c.call(hostFunction(module, 'powInt')))
    default:
      return wrapped((c) => c.call(hostFunction(module, fn as 'mod')))
  }
}

/** Comparing masks: true is -1 there, so that order turns round. */
export function compareBool(fn: BinaryOp, a: Expr, b: Expr): Expr {
  switch (fn) {
    case 'equal':
      return i4.eq(a, b)
    case 'notEqual':
      return v.xor(a, b)
    case 'less':
      return v.andnot(b, a)
    case 'lessEqual':
      return v.or(b, v.not(a))
    case 'greater':
      return v.andnot(a, b)
    default:
      return v.or(a, v.not(b))
  }
}

export function cast({ code, module }: VectorContext, from: Dtype, to: Dtype, x: Expr): Expr {
  if (from === to) return x
  if (to === 'bool') return from === 'float32' ? f4.ne(x, ZERO) : i4.ne(x, splatInt(0))
  if (from === 'bool') return to === 'float32' ? v.and(x, ONE) : i4.neg(x)
  if (to === 'float32') return f4.fromInt(x)
  // Truncation saturates; int32 wraps, and stores infinities and NaN as 0.
  const large = code.let('i32', v.any(f4.ge(f4.abs(x), splat(2 ** 31))))
  return (c) => {
    large(c)
    c.if(
      () => perLane(c, [x], hostFunction(module, 'toInt32'), 'int32')(c),
      () => f4.toInt(x)(c),
      'v128',
    )
  }
}

/**
 * One lane after the other in double precision. `fn` finds its operands on the stack; float32 operands are promoted,
 * int32 converted, and a float32 result is rounded; for 'int32' it leaves an i32.
 */
function perLane(
  code: Code,
  operands: readonly Expr[],
  fn: FunctionRef | ((code: Code) => void),
  dtype: 'float32' | 'int32' = 'float32',
  operandDtype: 'float32' | 'int32' = operands.length === 2 ? dtype : 'float32',
): Expr {
  const result = code.local('v128')
  return (c) => {
    for (let index = 0; index < 4; index++) {
      if (index > 0) c.get(result)
      for (const operand of operands) {
        operand(c)
        c.lane(operandDtype === 'float32' ? 'f32x4.extract_lane' : 'i32x4.extract_lane', index)
        c.op(operandDtype === 'float32' ? 'f64.promote_f32' : 'f64.convert_i32_s')
      }
      if (typeof fn === 'function') fn(c)
      else c.call(fn)
      if (dtype === 'float32') c.op('f32.demote_f64')
      if (index === 0) c.op(dtype === 'float32' ? 'f32x4.splat' : 'i32x4.splat')
      else c.lane(dtype === 'float32' ? 'f32x4.replace_lane' : 'i32x4.replace_lane', index)
      c.set(result)
    }
    const value: Expr = (inner) => inner.get(result)
    // The sign of a NaN that JavaScript computes differs between V8's tiers: here it becomes one fixed NaN.
    if (dtype === 'float32') choose(f4.ne(value, value), splat(Number.NaN), value)(c)
    else value(c)
  }
}
