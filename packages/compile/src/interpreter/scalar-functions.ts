/**
 * What each elementwise function does to numbers, as TensorFlow.js's cpu kernels do it: computed in double precision and
 * stored in the result's array, which rounds (float32) or wraps (int32).
 */
import type { BinaryOp, UnaryOp } from '../graph.ts'

export const UNARY: Readonly<Record<UnaryOp, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: (x) => (x < 0 ? -1 : x > 0 ? 1 : 0),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus,
  erf,
  not: (x) => (x ? 0 : 1),
  isNaN: (x) => (Number.isNaN(x) ? 1 : 0),
  isFinite: (x) => (Number.isFinite(x) ? 1 : 0),
  isInf: (x) => (Math.abs(x) === Number.POSITIVE_INFINITY ? 1 : 0),
}

export const BINARY: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  floorDiv: (a, b) => Math.floor(a / b),
  mod: flooredMod,
  pow: (a, b) => a ** b,
  max: Math.max,
  min: Math.min,
  atan2: Math.atan2,
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
  and: (a, b) => (a && b ? 1 : 0),
  or: (a, b) => (a || b ? 1 : 0),
}

/** The remainder has the divisor's sign; x mod 0 is NaN, which int32 stores as 0. */
function flooredMod(a: number, b: number): number {
  const remainder = a % b
  return (a < 0 && b < 0) || (a >= 0 && b >= 0) ? remainder : (remainder + b) % b
}

function roundHalfEven(x: number): number {
  const base = Math.floor(x)
  if (x - base < 0.5) return base
  if (x - base > 0.5) return Math.ceil(x)
  return base % 2 === 0 ? base : base + 1
}

const SOFTPLUS_LIMIT = -(Math.log(1.1920928955078125e-7) + 2)

/** log(1 + exp(x)), where float32 can tell it from exp(x) and from x. */
function softplus(x: number): number {
  if (x < -SOFTPLUS_LIMIT) return Math.exp(x)
  return x > SOFTPLUS_LIMIT ? x : Math.log(1 + Math.exp(x))
}

/** Abramowitz and Stegun 7.1.26, with TensorFlow.js's constants: within 1.5e-7. */
function erf(x: number): number {
  const v = Math.abs(x)
  const t = 1 / (1 + 0.3275911 * v)
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  return Math.sign(x) * (1 - polynomial * Math.exp(-v * v))
}
