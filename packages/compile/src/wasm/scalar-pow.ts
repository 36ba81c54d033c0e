/**
 * x^y for float32 operands in double precision: exp(y log |x|) with JavaScript's special cases. `Math.pow` is not used
 * because its last bits differ between Node versions. The relative error in double is below 1e-13, so that float32
 * results are correctly rounded but for ties within that distance.
 */
import type { Code, Expr, Local } from './code.ts'
import type { FunctionRef, ModuleBuilder } from './encoder.ts'
import { d, f64, get } from './expr.ts'

const cache = new WeakMap<ModuleBuilder, FunctionRef>()

/** (f64, f64) -> f64 */
export function powFunction(module: ModuleBuilder): FunctionRef {
  const found = cache.get(module)
  if (found !== undefined) return found
  const made = module.function({ params: ['f64', 'f64'], results: ['f64'] }, (code) => emitPow(code, 0, 1))
  cache.set(module, made)
  return made
}

function emitPow(code: Code, x: Local, y: Local): void {
  const early = (condition: Expr, result: Expr): void => {
    condition(code)
    code.if(() => {
      result(code)
      code.op('return')
    })
  }
  early(d.eq(get(y), f64(0)), f64(1))
  early((c) => {
    d.ne(get(x), get(x))(c)
    d.ne(get(y), get(y))(c)
    c.op('i32.or')
  }, f64(Number.NaN))
  const isInteger = code.let('i32', d.eq(d.trunc(get(y)), get(y)))
  const half = code.let('f64', d.mul(get(y), f64(0.5)))
  early((c) => {
    d.lt(get(x), f64(0))(c)
    isInteger(c)
    c.op('i32.eqz')
    c.op('i32.and')
    // -Infinity to a fractional power is infinite or zero, not NaN.
    d.ne(get(x), f64(Number.NEGATIVE_INFINITY))(c)
    c.op('i32.and')
  }, f64(Number.NaN))
  const magnitude = exp(code, code.let('f64', d.mul(get(y), log(code, code.let('f64', d.abs(get(x)))))))
  const result = code.let('f64', magnitude)
  // Odd integer powers keep the sign, that of -0 included: read it from the bits.
  get(x)(code)
  code.op('i64.reinterpret_f64')
  code.i64(63n)
  code.op('i64.shr_s')
  code.op('i32.wrap_i64')
  isInteger(code)
  code.op('i32.and')
  d.ne(d.trunc(half), half)(code)
  code.op('i32.and')
  code.if(
    () => d.neg(result)(code),
    () => result(code),
    'f64',
  )
}

/** Natural logarithm of x >= 0: fdlibm's e_log.c without its shortcuts. Float32 operands are never denormal here. */
function log(code: Code, x: Expr): Expr {
  const bits = code.let('i64', (c) => {
    x(c)
    c.op('i64.reinterpret_f64')
    c.i64(0x3ff0000000000000n - 0x3fe6a09e667f3bcdn)
    c.op('i64.add')
  })
  const k = code.let('f64', (c) => {
    bits(c)
    c.i64(52n)
    c.op('i64.shr_s')
    c.i64(1023n)
    c.op('i64.sub')
    c.op('f64.convert_i64_s')
  })
  const f = code.let('f64', (c) => {
    bits(c)
    c.i64(0xfffffffffffffn)
    c.op('i64.and')
    c.i64(0x3fe6a09e667f3bcdn)
    c.op('i64.add')
    c.op('f64.reinterpret_i64')
    c.f64(1)
    c.op('f64.sub')
  })
  const s = code.let('f64', d.div(f, d.add(f64(2), f)))
  const z = code.let('f64', d.mul(s, s))
  let r: Expr = f64(0.14798198605116586)
  for (const c of [
    0.15313837699209373, 0.1818357216161805, 0.22222198432149784, 0.2857142874366239, 0.3999999999940942,
    0.6666666666666735,
  ]) {
    r = d.add(f64(c), d.mul(z, r))
  }
  const half = code.let('f64', d.mul(f64(0.5), d.mul(f, f)))
  const y = code.let(
    'f64',
    d.add(
      d.add(d.sub(d.add(d.mul(s, d.add(half, d.mul(z, r))), d.mul(k, f64(1.9082149292705877e-10))), half), f),
      d.mul(k, f64(0.6931471803691238)),
    ),
  )
  return (c) => {
    x(c)
    c.f64(0)
    c.op('f64.eq')
    c.if(
      () => c.f64(Number.NEGATIVE_INFINITY),
      () => {
        x(c)
        c.f64(Number.POSITIVE_INFINITY)
        c.op('f64.eq')
        c.if(
          () => x(c),
          () => y(c),
          'f64',
        )
      },
      'f64',
    )
  }
}

/** exp for results in float32's range: zero below, infinity above. */
function exp(code: Code, x: Expr): Expr {
  const n = code.let('f64', d.nearest(d.mul(x, f64(Math.LOG2E))))
  const r = code.let('f64', d.sub(d.sub(x, d.mul(n, f64(0.6931471803691238))), d.mul(n, f64(1.9082149292705877e-10))))
  let sum: Expr = f64(1)
  for (let i = 13; i >= 1; i--) sum = d.add(f64(1), d.mul(d.mul(r, f64(1 / i)), sum))
  const scaled = code.let(
    'f64',
    d.mul(sum, (c) => {
      n(c)
      c.op('i64.trunc_sat_f64_s')
      c.i64(1023n)
      c.op('i64.add')
      c.i64(52n)
      c.op('i64.shl')
      c.op('f64.reinterpret_i64')
    }),
  )
  return (c) => {
    d.lt(x, f64(-200))(c)
    c.if(
      () => c.f64(0),
      () => {
        d.lt(f64(200), x)(c)
        c.if(
          () => c.f64(Number.POSITIVE_INFINITY),
          () => scaled(c),
          'f64',
        )
      },
      'f64',
    )
  }
}
