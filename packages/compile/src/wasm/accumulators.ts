/**
 * Sums, products, largest and smallest in registers: what a reduction adds up in.
 *
 * Long sums are taken in chunks of 64 and the chunks are summed: sequential float32 addition would lose digits where
 * TensorFlow.js, which adds in double precision, does not.
 */
import type { Dtype, ReduceOp } from '../graph.ts'
import type { Code, Expr, Local } from './code.ts'
import { f4, get, i4, splat, splatInt, v } from './expr.ts'

const CHUNK = 64

export interface Combine {
  readonly identity: Expr
  readonly join: (a: Expr, b: Expr) => Expr
  /** Whether NaN has to be remembered apart. */
  readonly nan: boolean
}

export function combineOf(fn: ReduceOp, dtype: Dtype): Combine {
  const plain = (identity: Expr, join: Combine['join']): Combine => ({ identity, join, nan: false })
  if (fn === 'any') return plain(splatInt(0), v.or)
  if (fn === 'all') return plain(splatInt(-1), v.and)
  if (dtype === 'float32') {
    if (fn === 'sum') return plain(splat(0), f4.add)
    if (fn === 'prod') return plain(splat(1), f4.mul)
    const identity = splat(fn === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY)
    return { identity, join: fn === 'max' ? f4.pmax : f4.pmin, nan: true }
  }
  if (fn === 'sum') return plain(splatInt(0), i4.add)
  if (fn === 'prod') return plain(splatInt(1), i4.mul)
  return fn === 'max' ? plain(splatInt(-0x80000000), i4.max) : plain(splatInt(0x7fffffff), i4.min)
}

/** Accumulators in locals: values, and where NaN has been seen. */
export class Accumulators {
  readonly #code: Code
  readonly #combine: Combine
  readonly #values: Local[]
  readonly #nans: Local[]

  constructor(code: Code, combine: Combine, count: number) {
    this.#code = code
    this.#combine = combine
    this.#values = Array.from({ length: count }, () => code.local('v128'))
    this.#nans = combine.nan ? Array.from({ length: count }, () => code.local('v128')) : []
  }

  reset(): void {
    for (const local of this.#values) {
      this.#combine.identity(this.#code)
      this.#code.set(local)
    }
    for (const local of this.#nans) {
      splatInt(0)(this.#code)
      this.#code.set(local)
    }
  }

  add(index: number, x: Expr): void {
    const code = this.#code
    code.scope(() => {
      const value = code.let('v128', x)
      this.#combine.join(get(this.#values[index]!), value)(code)
      code.set(this.#values[index]!)
      const nan = this.#nans[index]
      if (nan === undefined) return
      v.or(get(nan), f4.ne(value, value))(code)
      code.set(nan)
    })
  }

  /** All ones are a NaN. */
  value(index: number): Expr {
    const nan = this.#nans[index]
    const value = get(this.#values[index]!)
    return nan === undefined ? value : v.or(value, get(nan))
  }

  joined(): Expr {
    const code = this.#code
    let result = this.value(0)
    for (let i = 1; i < this.#values.length; i++) result = join(code, this.#combine, result, this.value(i))
    return code.let('v128', result)
  }
}

/** Joins finished values: NaN of either stays. */
function join(code: Code, combine: Combine, a: Expr, b: Expr): Expr {
  if (!combine.nan) return combine.join(a, b)
  const right = code.let('v128', b)
  return code.let('v128', v.or(combine.join(code.let('v128', a), right), f4.ne(right, right)))
}

/** All four lanes of the result hold the joined lanes of `x`. */
export function joinLanes(code: Code, combine: Combine, x: Expr): Expr {
  const value = code.let('v128', x)
  const swapped =
    (y: Expr, picked: [number, number, number, number]): Expr =>
    (c) => {
      y(c)
      y(c)
      c.shuffle(picked)
    }
  const halves = code.let('v128', join(code, combine, value, swapped(value, [2, 3, 0, 1])))
  return code.let('v128', join(code, combine, halves, swapped(halves, [1, 0, 3, 2])))
}

/** Runs `step` `count` times, in chunks whose results are joined for long sums; `accumulators` hold the result. */
export function chunked(
  code: Code,
  combine: Combine,
  width: number,
  count: number,
  accumulators: Accumulators,
  step: (into: Accumulators, count: number) => void,
): void {
  if (count <= 2 * CHUNK || combine.nan) {
    step(accumulators, count)
    return
  }
  const part = new Accumulators(code, combine, width)
  const flush = (size: number): void => {
    part.reset()
    step(part, size)
    for (let i = 0; i < width; i++) accumulators.add(i, part.value(i))
  }
  code.repeat(Math.floor(count / CHUNK), 1, () => flush(CHUNK))
  if (count % CHUNK !== 0) flush(count % CHUNK)
}
