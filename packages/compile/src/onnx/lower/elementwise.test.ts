import { describe, expect, test } from 'vitest'
import type { BinaryOp, UnaryOp } from '../../graph.ts'
import { mismatches } from './compare.ts'

const FLOATS = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5],
  ...[1e-7, -1e-7, 1e-10, 1e-20, 0.1, -0.3, 0.999, -0.999, 2, -2, 5, -5, 9, -9, 14, -14, 17, -17, 20, -20, 50, -50],
  ...[80, -80, 88, -88, 1000, -1000, 1e9, -1e9, 3e38, -3e38],
]
const INTEGERS = [0, 1, -1, 2, -2, 3, 7, -7, 10, 2147483647, -2147483648, 65536, -65537, 123456789]
const OUTSIDE = [2147483648, 4294967296, -2147483904, 2147483520, 1e10, -1e10, 1e18, 1e20, -1e20, 1.9, -1.9]

const UNARY: readonly UnaryOp[] = [
  ...(['neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'rsqrt'] as const),
  ...(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'] as const),
  ...(['sigmoid', 'softplus', 'isNaN', 'isFinite', 'isInf'] as const),
]
const COMPARISONS: readonly BinaryOp[] = ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']
const ARITHMETIC: readonly BinaryOp[] = ['add', 'sub', 'mul', 'div', 'floorDiv', 'mod', 'max', 'min']

/** Every pair of values. */
function pairs<A extends Float32Array | Int32Array>(from: (values: number[]) => A, values: number[]): { a: A; b: A } {
  return { a: from(values.flatMap((v) => values.map(() => v))), b: from(values.flatMap(() => values)) }
}

describe('unary', () => {
  test('float32, special values included', async () => {
    const x = Float32Array.from(FLOATS)
    const found = await mismatches(
      (b) => {
        const input = b.input('x', [x.length])
        return Object.fromEntries(UNARY.map((fn) => [fn, b.unary(fn, input)]))
      },
      { x },
    )
    expect(found).toEqual([])
  })

  test("erf within TensorFlow.js's own error", async () => {
    const x = Float32Array.from(FLOATS)
    const options = { tolerance: 3e-7, absolute: true }
    expect(await mismatches((b) => ({ y: b.unary('erf', b.input('x', [x.length])) }), { x }, options)).toEqual([])
  })

  test('int32 and bool', async () => {
    const found = await mismatches(
      (b) => {
        const x = b.input('x', [INTEGERS.length], 'int32')
        return {
          neg: b.unary('neg', x),
          abs: b.unary('abs', x),
          sign: b.unary('sign', x),
          not: b.unary('not', b.input('c', [2], 'bool')),
        }
      },
      { x: Int32Array.from(INTEGERS), c: Uint8Array.of(0, 1) },
    )
    expect(found).toEqual([])
  })
})

describe('binary', () => {
  test('float32: every pair of special values', async () => {
    const inputs = pairs((v) => Float32Array.from(v), FLOATS)
    const size = inputs.a.length
    const all = [...ARITHMETIC, ...COMPARISONS, 'pow', 'atan2'] as const
    const found = await mismatches((b) => {
      const [x, y] = [b.input('a', [size]), b.input('b', [size])]
      return Object.fromEntries(all.map((fn) => [fn, b.binary(fn, x, y)]))
    }, inputs)
    expect(found).toEqual([])
  })

  test('int32: overflow wraps, division by zero gives 0', async () => {
    const inputs = pairs((v) => Int32Array.from(v), INTEGERS)
    const size = inputs.a.length
    const found = await mismatches((b) => {
      const [x, y] = [b.input('a', [size], 'int32'), b.input('b', [size], 'int32')]
      return Object.fromEntries([...ARITHMETIC, ...COMPARISONS].map((fn) => [fn, b.binary(fn, x, y)]))
    }, inputs)
    expect(found).toEqual([])
  })

  test('int32 powers truncate and wrap', async () => {
    const inputs = pairs((v) => Int32Array.from(v), [0, 1, -1, 2, -3, 7, 10, 31, 33, 1000])
    const size = inputs.a.length
    const found = await mismatches((b) => {
      const [x, y] = [b.input('a', [size], 'int32'), b.input('b', [size], 'int32')]
      return { y: b.binary('pow', x, y) }
    }, inputs)
    // Beyond 2^53 the engines' powers differ in their last bits, and only those survive the wrap.
    expect(found.filter(({ index }) => Math.abs(inputs.a[index]! ** inputs.b[index]!) < 2 ** 53)).toEqual([])
  })

  test('bool', async () => {
    const found = await mismatches(
      (b) => {
        const [x, y] = [b.input('a', [4], 'bool'), b.input('b', [4], 'bool')]
        return Object.fromEntries([...COMPARISONS, 'and' as const, 'or' as const].map((fn) => [fn, b.binary(fn, x, y)]))
      },
      { a: Uint8Array.of(0, 0, 1, 1), b: Uint8Array.of(0, 1, 0, 1) },
    )
    expect(found).toEqual([])
  })

  test('broadcasting, odd ranks, scalars and no elements', async () => {
    const values = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 7) * 3)
    const found = await mismatches(
      (b) => {
        const x = b.input('x', [3, 1, 5])
        const y = b.input('y', [7, 1])
        const s = b.input('s', [])
        const e = b.input('e', [0, 5])
        return {
          xy: b.binary('sub', x, y),
          xs: b.binary('div', x, s),
          ss: b.binary('max', s, s),
          power: b.binary('pow', x, b.scalar(3)),
          empty: b.binary('add', e, s),
          // A broadcast that the operation makes by itself, and one that it needs.
          spread: b.binary('mul', b.broadcast(y, [3, 7, 5]), x),
          needed: b.binary('mul', b.broadcast(y, [3, 7, 5]), s),
          both: b.binary('mul', b.broadcast(s, [2, 3]), b.broadcast(s, [2, 3])),
        }
      },
      { x: values(15), y: values(7), s: values(2).subarray(1), e: values(0) },
    )
    expect(found).toEqual([])
  })
})

describe('select and cast', () => {
  test('select of each type, broadcast', async () => {
    const found = await mismatches(
      (b) => {
        const c = b.input('c', [3, 1], 'bool')
        const d = b.input('d', [1, 2], 'bool')
        const x = b.input('x', [3, 2])
        const i = b.input('i', [2], 'int32')
        return {
          float: b.select(c, x, b.scalar(Number.NaN)),
          int: b.select(c, i, b.scalar(7, 'int32')),
          bool: b.select(c, d, b.unary('not', d)),
          spread: b.select(b.broadcast(c, [3, 2]), i, i),
        }
      },
      {
        c: Uint8Array.of(1, 0, 1),
        d: Uint8Array.of(0, 1),
        x: Float32Array.of(1, 2, Number.NaN, 4, 5, Number.POSITIVE_INFINITY),
        i: Int32Array.of(-5, 5),
      },
    )
    expect(found).toEqual([])
  })

  test('casts truncate, wrap and map NaN as JavaScript does', async () => {
    const x = Float32Array.from([...FLOATS, ...OUTSIDE])
    const found = await mismatches(
      (b) => {
        const f = b.input('f', [x.length])
        const i = b.input('i', [INTEGERS.length], 'int32')
        const c = b.input('c', [2], 'bool')
        return {
          floatInt: b.cast(f, 'int32'),
          floatBool: b.cast(f, 'bool'),
          intFloat: b.cast(i, 'float32'),
          intBool: b.cast(i, 'bool'),
          boolFloat: b.cast(c, 'float32'),
          boolInt: b.cast(c, 'int32'),
        }
      },
      { f: x, i: Int32Array.from(INTEGERS), c: Uint8Array.of(0, 1) },
    )
    expect(found).toEqual([])
  })
})
