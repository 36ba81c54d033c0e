/**
 * exp, log and what is made of them on four float32 lanes, without FMA, so that every CPU gives the same bits.
 * Infinities, zeros, denormals and NaN come out as from `Math`. Largest errors (in ulp of float32, all found by the
 * sweep in vector-math.test.ts): exp 1, log 1, log1p 1, expm1 2, tanh 6, sigmoid 3, softplus 2.
 *
 * Sources: Cephes expf (coefficients), musl logf and log1pf (FreeBSD's e_logf.c, s_log1pf.c), Eigen's tanh (9/8 rational).
 */
import type { Code, Expr } from './code.ts'
import { choose, f4, i4, i32, lane, polynomial, splat, splatInt, v } from './expr.ts'

/** Adding 1.5 * 2^23 rounds to the nearest integer and leaves that integer in the low bits. */
const MAGIC = 12582912
const MAGIC_BITS = 0x4b400000
const ONE_BITS = 0x3f800000

interface Reduced {
  /** n + MAGIC */
  readonly shifted: Expr
  /** x - n ln 2, |r| <= 0.347 */
  readonly r: Expr
  /** exp(r) - 1 - r */
  readonly tail: Expr
}

function reduceExp(code: Code, x: Expr): Reduced {
  const shifted = code.let('v128', f4.add(f4.mul(x, splat(Math.LOG2E)), splat(MAGIC)))
  const n = code.let('v128', f4.sub(shifted, splat(MAGIC)))
  const r = code.let('v128', f4.sub(f4.sub(x, f4.mul(n, splat(0.693359375))), f4.mul(n, splat(-2.1219444e-4))))
  const p = polynomial(
    code,
    r,
    [0.50000001201, 0.16666665459, 0.041665795894, 0.0083334519073, 0.0013981999507, 1.98756915e-4],
  )
  return { shifted, r, tail: f4.mul(f4.mul(r, r), p) }
}

/** y 2^n for n in [-252, 254]: two factors, so that denormals and infinity come out right. */
function scale(code: Code, y: Expr, shifted: Expr): Expr {
  const n = code.let('v128', i4.sub(shifted, splatInt(MAGIC_BITS)))
  const half = code.let('v128', i4.shr(n, i32(1)))
  const power = (e: Expr) => i4.add(i4.shl(e, i32(23)), splatInt(ONE_BITS))
  return f4.mul(f4.mul(y, power(half)), power(i4.sub(n, half)))
}

const clampExp = (x: Expr) => f4.pmax(f4.pmin(x, splat(89)), splat(-104))

export function exp(code: Code, x: Expr): Expr {
  const reduced = reduceExp(code, code.let('v128', clampExp(x)))
  const y = code.let('v128', f4.add(f4.add(reduced.tail, reduced.r), splat(1)))
  return scale(code, y, reduced.shifted)
}

/** For x in [-87, 0]; below that it gives 2^-126 or so instead of a denormal or zero. NaN stays. */
export function expNegative(code: Code, x: Expr): Expr {
  const clamped = code.let('v128', f4.pmax(x, splat(-87)))
  const reduced = reduceExp(code, clamped)
  const power = i4.add(i4.shl(reduced.shifted, i32(23)), splatInt(ONE_BITS))
  return f4.mul(f4.add(f4.add(reduced.tail, reduced.r), splat(1)), power)
}

export function expm1(code: Code, x: Expr): Expr {
  const reduced = reduceExp(code, code.let('v128', clampExp(x)))
  const p = code.let('v128', f4.add(reduced.tail, reduced.r))
  // From 17 on the 1 is below half an ulp; there exp's own scaling reaches infinity.
  const large = code.let('v128', scale(code, f4.add(p, splat(1)), reduced.shifted))
  const power = code.let('v128', i4.add(i4.shl(reduced.shifted, i32(23)), splatInt(ONE_BITS)))
  const small = f4.add(f4.mul(power, p), f4.sub(power, splat(1)))
  const inRange = code.let('v128', choose(f4.lt(x, splat(-30)), splat(-1), small))
  // Zero keeps its sign, tiny x stay exact.
  const exact = code.let('v128', choose(f4.lt(f4.abs(x), splat(1e-8)), x, inRange))
  return choose(f4.gt(x, splat(17)), large, exact)
}

interface LogParts {
  readonly k: Expr
  readonly f: Expr
}

/** x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)). */
function splitLog(code: Code, x: Expr): LogParts {
  const bits = code.let('v128', i4.add(x, splatInt(0x3f800000 - 0x3f3504f3)))
  const k = code.let('v128', f4.fromInt(i4.sub(i4.shr(bits, i32(23)), splatInt(0x7f))))
  const f = code.let('v128', f4.sub(i4.add(v.and(bits, splatInt(0x7fffff)), splatInt(0x3f3504f3)), splat(1)))
  return { k, f }
}

/** log(1 + f) + k ln 2 + c */
function logOf(code: Code, { k, f }: LogParts, c: Expr | undefined): Expr {
  const s = code.let('v128', f4.div(f, f4.add(splat(2), f)))
  const z = code.let('v128', f4.mul(s, s))
  const w = code.let('v128', f4.mul(z, z))
  const odd = f4.mul(w, f4.add(splat(0.40000972152), f4.mul(w, splat(0.24279078841))))
  const even = f4.mul(z, f4.add(splat(0.66666662693), f4.mul(w, splat(0.28498786688))))
  const half = code.let('v128', f4.mul(splat(0.5), f4.mul(f, f)))
  const low = f4.mul(k, splat(9.0580006145e-6))
  const sum = f4.add(f4.mul(s, f4.add(half, f4.add(even, odd))), c === undefined ? low : f4.add(low, c))
  return f4.add(f4.add(f4.sub(sum, half), f), f4.mul(k, splat(0.69313812256)))
}

export function log(code: Code, x: Expr): Expr {
  const denormal = code.let('v128', f4.lt(x, splat(2 ** -126)))
  const scaled = code.let('v128', choose(denormal, f4.mul(x, splat(2 ** 25)), x))
  const parts = splitLog(code, scaled)
  const k = code.let('v128', f4.sub(parts.k, v.and(denormal, splat(25))))
  const y = code.let('v128', logOf(code, { k, f: parts.f }, undefined))
  return logSpecials(x, splat(0), y)
}

export function log1p(code: Code, x: Expr): Expr {
  const u = code.let('v128', f4.add(splat(1), x))
  const parts = splitLog(code, u)
  const zero = code.let('v128', f4.eq(parts.k, splat(0)))
  const lost = choose(f4.ge(parts.k, splat(2)), f4.sub(splat(1), f4.sub(u, x)), f4.sub(x, f4.sub(u, splat(1))))
  const c = code.let('v128', v.andnot(f4.div(lost, u), zero))
  const f = code.let('v128', choose(zero, x, parts.f))
  const y = code.let('v128', logOf(code, { k: parts.k, f }, c))
  return logSpecials(x, splat(-1), choose(f4.eq(x, splat(0)), x, y))
}

/** -Infinity at the pole, NaN below it and for NaN, infinity for infinity. */
function logSpecials(x: Expr, pole: Expr, y: Expr): Expr {
  const finite = choose(f4.eq(x, splat(Number.POSITIVE_INFINITY)), x, y)
  const poled = choose(f4.eq(x, pole), splat(Number.NEGATIVE_INFINITY), finite)
  return v.or(poled, v.or(f4.lt(x, pole), f4.ne(x, x)))
}

export function tanh(code: Code, x: Expr): Expr {
  // The first float32 at which the quotient is 1; a little further on it would exceed that.
  const limit = 7.9855122566223145
  const y = code.let('v128', f4.pmax(f4.pmin(x, splat(limit)), splat(-limit)))
  const z = code.let('v128', f4.mul(y, y))
  const p = polynomial(code, z, TANH_ODD)
  const q = polynomial(code, z, TANH_EVEN)
  return f4.div(f4.mul(y, p), q)
}

const TANH_ODD = [1, 1.3402161e-1, 3.520756727e-3, 2.10273356e-5, 1.394553628e-8]
const TANH_EVEN = [1, 4.67354834e-1, 2.597254514e-2, 3.326951409e-4, 8.015776984e-7]

export function sigmoid(code: Code, x: Expr): Expr {
  return f4.div(splat(1), f4.add(splat(1), exp(code, code.let('v128', f4.neg(x)))))
}

export function softplus(code: Code, x: Expr): Expr {
  const e = code.let('v128', exp(code, code.let('v128', f4.neg(f4.abs(x)))))
  // pmax keeps its first operand, so NaN stays.
  return f4.add(f4.pmax(x, splat(0)), log1p(code, e))
}

/** Abramowitz and Stegun 7.1.26, as TensorFlow.js: absolute error 1.5e-7. */
export function erf(code: Code, x: Expr): Expr {
  const a = code.let('v128', f4.abs(x))
  const t = code.let('v128', f4.div(splat(1), f4.add(splat(1), f4.mul(splat(0.3275911), a))))
  const p = polynomial(code, t, [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429])
  const e = exp(code, code.let('v128', f4.neg(f4.mul(a, a))))
  const y = f4.sub(splat(1), f4.mul(f4.mul(t, p), e))
  const signed = v.xor(v.and(x, splatInt(-0x80000000)), code.let('v128', y))
  return choose(f4.eq(x, splat(0)), x, signed)
}

/** The sum of the four lanes as f32, always in the same order. */
export function sumLanes(code: Code, x: Expr): Expr {
  const value = code.let('v128', x)
  return (to) => {
    for (let index = 0; index < 4; index++) lane(value, index)(to)
    to.op('f32.add')
    to.op('f32.add')
    to.op('f32.add')
  }
}
