import { describe, expect, it } from 'vitest'
import type { BinaryOp, Dtype, UnaryOp } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { check, generator, randomValues } from './testing/check.ts'

const SIZES = [1, 3, 4, 5, 7, 8, 9, 63, 65]
const SPECIAL = [
  0, -0, 1, -1, 0.5, -0.5, 1e-40, -1e-40, 1e-8, 88.6, 89.5, -88, -104.5, 3e38, 1e10, -1e10, 2.5, -2.5, 3.5,
]
const EDGE = Float32Array.of(
  ...SPECIAL,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  17,
  -17,
  3.14159274,
)

const FLOAT_UNARY: UnaryOp[] = [
  'neg',
  'abs',
  'sign',
  'floor',
  'ceil',
  'round',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
  'rsqrt',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'sigmoid',
  'softplus',
  'erf',
  'isNaN',
  'isFinite',
  'isInf',
]
const ARITHMETIC: BinaryOp[] = ['add', 'sub', 'mul', 'div', 'floorDiv', 'mod', 'pow', 'max', 'min']
const COMPARE: BinaryOp[] = ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']

describe('unary functions', () => {
  it.each(FLOAT_UNARY)('%s on float32, edge values included', (fn) => {
    for (const values of [EDGE, randomValues('float32', 65, generator(3), 5) as Float32Array]) {
      const b = new GraphBuilder()
      const graph = b.build({ y: b.unary(fn, b.input('x', [values.length])) })
      check(graph, { x: values }, {}, { relative: 2e-6 })
    }
  })
  it.each(['neg', 'abs', 'sign'] as const)('%s on int32', (fn) => {
    const x = Int32Array.of(0, 1, -1, 7, -7, 0x7fffffff, -0x80000000)
    const b = new GraphBuilder()
    check(b.build({ y: b.unary(fn, b.input('x', [7], 'int32')) }), { x })
  })
  it('not on bool', () => {
    const b = new GraphBuilder()
    check(b.build({ y: b.unary('not', b.input('x', [5], 'bool')) }), { x: Uint8Array.of(1, 0, 0, 1, 1) })
  })
})

describe('binary functions', () => {
  it.each([...ARITHMETIC, ...COMPARE, 'atan2'] as BinaryOp[])('%s on all pairs of edge values', (fn) => {
    const n = EDGE.length
    const a = Float32Array.from({ length: n * n }, (_, i) => EDGE[Math.floor(i / n)]!)
    const c = Float32Array.from({ length: n * n }, (_, i) => EDGE[i % n]!)
    const b = new GraphBuilder()
    check(b.build({ y: b.binary(fn, b.input('a', [n * n]), b.input('c', [n * n])) }), { a, c }, {}, { relative: 1e-6 })
  })
  it.each(['max', 'min', 'pow', 'div'] as const)('%s with a constant on either side', (fn) => {
    for (const value of [0, 2, 3, 1, -1, 0.5, 4]) {
      const b = new GraphBuilder()
      const x = b.input('x', [EDGE.length])
      const graph = b.build({ r: b.binary(fn, x, b.scalar(value)), l: b.binary(fn, b.scalar(value), x) })
      check(graph, { x: EDGE }, {}, { relative: 1e-6 })
    }
  })
  it.each([...ARITHMETIC, ...COMPARE])('%s on int32, overflow and division by zero included', (fn) => {
    const edge = [0, 1, -1, 2, -2, 3, 7, -7, 46341, 0x7fffffff, -0x80000000, 123456789]
    const n = edge.length
    const a = Int32Array.from({ length: n * n }, (_, i) => edge[Math.floor(i / n)]!)
    const c = Int32Array.from({ length: n * n }, (_, i) => edge[i % n]!)
    const b = new GraphBuilder()
    check(b.build({ y: b.binary(fn, b.input('a', [n * n], 'int32'), b.input('c', [n * n], 'int32')) }), { a, c })
  })
  it.each(['and', 'or', ...COMPARE] as BinaryOp[])('%s on bool', (fn) => {
    const b = new GraphBuilder()
    const graph = b.build({ y: b.binary(fn, b.input('a', [4], 'bool'), b.input('c', [4], 'bool')) })
    check(graph, { a: Uint8Array.of(0, 0, 1, 1), c: Uint8Array.of(0, 1, 0, 1) })
  })
})

describe('casts and select', () => {
  const types: Dtype[] = ['float32', 'int32', 'bool']
  it.each(types.flatMap((from) => types.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
    const b = new GraphBuilder()
    const values = from === 'float32' ? EDGE : randomValues(from, 9, generator(1))
    check(b.build({ y: b.cast(b.input('x', [values.length], from), to) }), { x: values })
  })
  it('large floats wrap into int32', () => {
    const b = new GraphBuilder()
    const x = Float32Array.of(3e9, -3e9, 4294967296, 1e18, -1e18, 1e30)
    check(b.build({ y: b.cast(b.input('x', [6]), 'int32') }), { x })
  })
  it.each(types)('select of %s, broadcast', (dtype) => {
    const random = generator(5)
    const b = new GraphBuilder()
    const y = b.select(b.input('c', [5, 1], 'bool'), b.input('a', [5, 7], dtype), b.input('z', [7], dtype))
    const inputs = {
      c: randomValues('bool', 5, random),
      a: randomValues(dtype, 35, random),
      z: randomValues(dtype, 7, random),
    }
    check(b.build({ y }), inputs)
  })
})

describe('broadcasting', () => {
  const rows = [1, 2, 3, 4, 5, 9, 17]
  it.each(SIZES)('rows, columns and scalars over %i columns', (n) => {
    for (const m of rows) {
      const random = generator(m * 100 + n)
      const b = new GraphBuilder()
      const x = b.input('x', [m, n])
      const row = b.input('row', [n])
      const column = b.input('column', [m, 1])
      const scalar = b.input('scalar', [])
      const sum = b.binary('add', b.binary('mul', x, row), b.binary('sub', column, scalar))
      const graph = b.build({ sum, outer: b.binary('mul', column, row), both: b.binary('add', sum, x) })
      const inputs = {
        x: randomValues('float32', m * n, random),
        row: randomValues('float32', n, random),
        column: randomValues('float32', m, random),
        scalar: randomValues('float32', 1, random),
      }
      check(graph, inputs)
    }
  })
  it('middle axes, leading axes, and explicit broadcasts', () => {
    const random = generator(9)
    for (const [p, q, r] of [
      [2, 3, 5],
      [3, 1, 4],
      [4, 7, 2],
      [2, 2, 9],
    ] as const) {
      const b = new GraphBuilder()
      const x = b.input('x', [p, q, r])
      const middle = b.input('middle', [p, 1, r])
      const lead = b.input('lead', [q, 1])
      const spread = b.broadcast(b.input('one', [1, q, 1]), [p, q, r])
      const graph = b.build({
        a: b.binary('add', x, middle),
        c: b.binary('mul', b.binary('sub', x, lead), spread),
        spread,
      })
      const inputs = {
        x: randomValues('float32', p * q * r, random),
        middle: randomValues('float32', p * r, random),
        lead: randomValues('float32', q, random),
        one: randomValues('float32', q, random),
      }
      check(graph, inputs)
    }
  })
})

it('an empty tensor runs', () => {
  const b = new GraphBuilder()
  const x = b.input('x', [0, 3])
  check(b.build({ y: b.unary('exp', x), s: b.reduce('sum', x), m: b.reduce('max', x, [0]) }), {
    x: new Float32Array(0),
  })
  expect(true).toBe(true)
})
