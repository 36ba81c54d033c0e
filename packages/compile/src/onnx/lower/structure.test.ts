import { describe, expect, test } from 'vitest'
import type { HostData, NodeId } from '../../graph.ts'
import type { GraphBuilder } from '../../graph-builder.ts'
import { mismatches } from './compare.ts'

const values = (n: number, scale = 3) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + 1) * scale)
const integers = (n: number, below: number) => Int32Array.from({ length: n }, (_, i) => (i * 7 + 3) % below)
const bools = (n: number) => Uint8Array.from({ length: n }, (_, i) => Number(i % 3 === 0))

async function expectSame(
  build: (b: GraphBuilder) => Record<string, NodeId>,
  inputs: Readonly<Record<string, HostData>>,
  tolerance = 2e-6,
) {
  expect(await mismatches(build, inputs, { tolerance, absolute: true })).toEqual([])
}

describe('reduce', () => {
  test('every function, axes in every combination', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [3, 5, 19])
        const i = b.input('i', [3, 5, 19], 'int32')
        const c = b.input('c', [3, 5, 19], 'bool')
        const out: Record<string, NodeId> = {}
        for (const axes of [[], [0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]) {
          for (const fn of ['sum', 'prod', 'max', 'min'] as const) {
            out[`${fn} ${axes}`] = b.reduce(fn, x, axes)
            out[`int ${fn} ${axes}`] = b.reduce(fn, i, axes)
            out[`kept ${fn} ${axes}`] = b.reduce(fn, x, axes, true)
          }
          for (const fn of ['any', 'all'] as const) out[`${fn} ${axes}`] = b.reduce(fn, c, axes)
        }
        return out
      },
      { x: values(285, 1.2), i: integers(285, 3), c: bools(285) },
      1e-5,
    ))

  test('NaN and infinities stay in max, min, sum and prod', () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number
    const rows = [
      [1, nan, 3],
      [nan, 1, 2],
      [5, 6, nan],
      [nan, nan, nan],
      [-inf, -inf, 1],
      [inf, -inf, 2],
      [-inf, -inf, -inf],
    ]
    return expectSame(
      (b) => {
        const x = b.input('x', [7, 3])
        const wide = b.concat(
          Array.from({ length: 8 }, () => x),
          1,
        )
        const out: Record<string, NodeId> = { softmax: b.softmax(x), logSoftmax: b.logSoftmax(x) }
        for (const [name, node] of Object.entries({ x, wide })) {
          for (const fn of ['sum', 'prod', 'max', 'min'] as const) {
            for (const axes of [[0], [1], [0, 1]]) out[`${name} ${fn} ${axes}`] = b.reduce(fn, node, axes)
          }
          for (const axis of [0, 1]) {
            out[`${name} argmax ${axis}`] = b.argmax(node, axis)
            out[`${name} argmin ${axis}`] = b.argmin(node, axis)
          }
        }
        return out
      },
      { x: Float32Array.from(rows.flat()) },
    )
  })

  test('over no elements', () =>
    expectSame(
      (b) => {
        const [x, i, c] = [b.input('x', [0, 3]), b.input('i', [0, 3], 'int32'), b.input('c', [2, 0], 'bool')]
        const out: Record<string, NodeId> = { any: b.reduce('any', c, [1]), all: b.reduce('all', c, [1]) }
        for (const fn of ['sum', 'prod', 'max', 'min'] as const) {
          out[fn] = b.reduce(fn, x, [0])
          out[`int ${fn}`] = b.reduce(fn, i, [0])
          out[`empty ${fn}`] = b.reduce(fn, x, [1])
        }
        out['argmax'] = b.argmax(x, 0)
        return out
      },
      { x: values(0), i: integers(0, 1), c: bools(0) },
    ))

  test('argmax and argmin take the first of equals; int32 too', () =>
    expectSame(
      (b) => {
        const i = b.input('i', [4, 6], 'int32')
        const x = b.cast(i, 'float32')
        const out: Record<string, NodeId> = {}
        for (const axis of [0, 1]) {
          out[`max ${axis}`] = b.argmax(i, axis)
          out[`min ${axis}`] = b.argmin(i, axis)
          out[`float ${axis}`] = b.argmax(x, axis)
        }
        return out
      },
      { i: integers(24, 4) },
    ))

  test.each([3, 5, 40])('argmax and argmin with NaN and infinities, rows of %i', (width) => {
    const kinds = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1, -1, 2]
    const x = Float32Array.from({ length: 6 * 6 * width }, (_, i) => {
      // Every pair of kinds leads a row; the rest is anything.
      const [row, column] = [Math.floor(i / width), i % width]
      return kinds[column === 0 ? row % 6 : column === 1 ? Math.floor(row / 6) : (i * 7 + row) % 6]!
    })
    return expectSame(
      (b) => {
        const rows = b.input('x', [36, width])
        const columns = b.transpose(rows, [1, 0])
        return {
          max: b.argmax(rows, 1),
          min: b.argmin(rows, 1),
          'max of columns': b.argmax(columns, 0),
          'min of columns': b.argmin(columns, 0),
          'max across': b.argmax(rows, 0),
          all: b.argmax(b.reshape(rows, [36 * width]), 0),
        }
      },
      { x },
    )
  })

  test('softmax of ranks 1 to 3 and large values', () =>
    expectSame(
      (b) => {
        const out: Record<string, NodeId> = {}
        const x = b.input('x', [2, 3, 5])
        for (const [name, node] of Object.entries({ x, flat: b.reshape(x, [30]), rows: b.reshape(x, [10, 3]) })) {
          out[`${name} softmax`] = b.softmax(node)
          out[`${name} log`] = b.logSoftmax(node)
          out[`${name} large`] = b.softmax(b.binary('mul', node, b.scalar(1000)))
        }
        return out
      },
      { x: values(30) },
    ))
})

describe('matmul', () => {
  test('transposes, bias, vectors as matrices, no inner side', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [5, 7])
        const out: Record<string, NodeId> = {}
        for (const transposeA of [false, true]) {
          for (const transposeB of [false, true]) {
            const a = transposeA ? b.transpose(x, [1, 0]) : x
            const c = b.input(`c ${transposeA} ${transposeB}`, transposeB ? [3, 7] : [7, 3])
            const options = { transposeA, transposeB }
            out[`${transposeA} ${transposeB}`] = b.matmul(a, c, options)
            for (const [name, shape] of Object.entries({
              row: [3],
              column: [5, 1],
              full: [5, 3],
              one: [1],
              scalar: [],
            })) {
              const bias = b.constant(values(shape.reduce((p: number, q: number) => p * q, 1)), shape)
              out[`${name} ${transposeA} ${transposeB}`] = b.binary('add', b.matmul(a, c, options), bias)
            }
          }
        }
        const shared = b.matmul(x, x, { transposeB: true })
        out['shared'] = b.binary('add', shared, shared)
        out['larger'] = b.binary('add', b.matmul(x, x, { transposeB: true }), b.constant(values(50), [2, 5, 5]))
        out['none'] = b.binary('add', b.matmul(b.input('n', [2, 0]), b.input('m', [0, 3])), b.constant(values(3), [3]))
        out['empty'] = b.matmul(b.input('m', [0, 3]), b.constant(values(6), [3, 2]))
        return out
      },
      {
        x: values(35),
        ...Object.fromEntries(
          ['false false', 'false true', 'true false', 'true true'].map((k) => [`c ${k}`, values(21)]),
        ),
        n: values(0),
        m: values(0),
      },
      1e-5,
    ))

  test('batches, leading axes broadcast', () =>
    expectSame(
      (b) => {
        const a = b.input('a', [2, 1, 3, 4])
        const c = b.input('c', [5, 4, 2])
        return {
          plain: b.matmul(a, c),
          transposed: b.matmul(b.transpose(a, [0, 1, 3, 2]), b.transpose(c, [0, 2, 1]), {
            transposeA: true,
            transposeB: true,
          }),
          mixed: b.matmul(b.reshape(a, [6, 4]), c),
          one: b.matmul(b.reshape(a, [1, 6, 4]), b.reshape(a, [1, 6, 4]), { transposeB: true }),
        }
      },
      { a: values(24), c: values(40) },
      1e-5,
    ))
})

describe('moves', () => {
  test('each type', () =>
    expectSame(
      (b) => {
        const sources = {
          float: b.input('x', [3, 4, 5]),
          int: b.input('i', [3, 4, 5], 'int32'),
          bool: b.input('c', [3, 4, 5], 'bool'),
        }
        const out: Record<string, NodeId> = {}
        for (const [name, x] of Object.entries(sources)) {
          out[`${name} reshape`] = b.reshape(x, [5, 12])
          out[`${name} transpose`] = b.transpose(x, [2, 0, 1])
          out[`${name} slice`] = b.slice(x, [1, 0, 1], [2, 4, 2], [1, 1, 2])
          out[`${name} no rows`] = b.slice(x, [1, 0, 0], [0, 4, 5])
          out[`${name} reverse`] = b.reverse(x, [0, 2])
          out[`${name} concat`] = b.concat([x, b.slice(x, [0, 1, 0], [3, 2, 5]), b.slice(x, [0, 0, 0], [3, 0, 5])], 1)
          out[`${name} pad`] = b.pad(x, [1, 0, 2], [0, 3, 0], 1)
          out[`${name} broadcast`] = b.broadcast(b.slice(x, [0, 0, 0], [3, 1, 5]), [2, 3, 4, 5])
          out[`${name} scalar`] = b.broadcast(b.reshape(b.slice(x, [0, 0, 0], [1, 1, 1]), []), [2, 2])
        }
        out['chain'] = b.reverse(b.pad(b.transpose(sources.float, [1, 0, 2]), [1, 1, 1], [0, 0, 0], Number.NaN), [1])
        out['empty reshape'] = b.reshape(b.slice(sources.float, [0, 0, 0], [3, 0, 5]), [0, 7])
        out['grown from nothing'] = b.pad(b.slice(sources.float, [0, 0, 0], [3, 0, 5]), [0, 1, 0], [0, 1, 0], 2)
        return out
      },
      { x: values(60), i: integers(60, 100), c: bools(60) },
    ))
})

describe('splits', () => {
  test('slices that do not overlap, with gaps, on both axes, of arguments and of results', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [20])
        const y = b.unary('neg', b.reshape(x, [4, 5]))
        const cut = (from: NodeId, name: string, cuts: [number, number][], axis: number) =>
          cuts.map(([begin, size], i) => {
            const shape = b.shape(from)
            const begins = shape.map((_, a) => (a === axis ? begin : 0))
            const sizes = shape.map((d, a) => (a === axis ? size : d))
            return [`${name} ${i}`, b.slice(from, begins, sizes)] as const
          })
        return Object.fromEntries([
          ...cut(
            x,
            'all',
            [
              [0, 12],
              [12, 7],
              [19, 1],
            ],
            0,
          ),
          ...cut(
            y,
            'gaps',
            [
              [3, 1],
              [1, 1],
            ],
            0,
          ),
          ...cut(
            y,
            'columns',
            [
              [0, 2],
              [3, 2],
            ],
            1,
          ),
          ...cut(
            b.unary('abs', y),
            'overlap',
            [
              [0, 3],
              [2, 2],
              [0, 1],
            ],
            0,
          ),
          ...cut(
            b.unary('exp', y),
            'none',
            [
              [1, 0],
              [0, 2],
              [2, 2],
            ],
            0,
          ),
        ])
      },
      { x: values(20) },
    ))
})

describe('rows', () => {
  test('gather along each axis, with shared axes', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [2, 3, 4, 5])
        const out: Record<string, NodeId> = {}
        for (let axis = 0; axis < 4; axis++) {
          const length = [2, 3, 4, 5][axis]!
          out[`vector ${axis}`] = b.gather(x, b.constant(integers(6, length), [6], 'int32'), axis)
          out[`matrix ${axis}`] = b.gather(x, b.constant(integers(6, length), [2, 3], 'int32'), axis)
          out[`scalar ${axis}`] = b.gather(x, b.constant([1], [], 'int32'), axis)
          if (axis >= 1)
            out[`shared 1 ${axis}`] = b.gather(x, b.constant(integers(8, length), [2, 4], 'int32'), axis, 1)
          if (axis >= 1) out[`single 1 ${axis}`] = b.gather(x, b.constant(integers(2, length), [2], 'int32'), axis, 1)
          if (axis >= 2) {
            out[`shared 2 ${axis}`] = b.gather(x, b.constant(integers(12, length), [2, 3, 2], 'int32'), axis, 2)
          }
        }
        const i = b.input('i', [7], 'int32')
        out['input'] = b.gather(x, b.binary('mod', i, b.scalar(4, 'int32')), 2)
        out['bool'] = b.gather(b.binary('less', x, b.scalar(0)), b.constant([1, 0], [2], 'int32'), 1)
        const q = b.reshape(x, [24, 5])
        out['of argmax'] = b.gather(q, b.argmax(q, 1), 1, 1)
        out['from nothing'] = b.gather(b.slice(x, [0, 0, 0, 0], [2, 3, 4, 0]), b.scalar(1, 'int32'), 1)
        return out
      },
      { x: values(120), i: integers(7, 20) },
    ))

  test('gather never reads outside', async () => {
    const found = await mismatches((b) => ({ y: b.gather(b.input('x', [3, 2]), b.input('i', [4], 'int32')) }), {
      x: values(6),
      i: Int32Array.of(-1, 3, 1, 2147483647),
    })
    expect(found.every(({ index }) => ![4, 5].includes(index))).toBe(true)
  })

  test('scatterAdd sums repeated rows and drops those outside', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [6, 2])
        const i = b.input('i', [6], 'int32')
        return {
          rows: b.scatterAdd(x, i, 4),
          one: b.scatterAdd(x, b.constant([0, 0, 0, 0, 0, 0], [6], 'int32'), 1),
          vector: b.scatterAdd(b.reduce('sum', x, [1]), i, 3),
          int: b.scatterAdd(b.cast(x, 'int32'), i, 4),
          deep: b.scatterAdd(b.reshape(x, [3, 2, 2]), b.constant([2, 2, 0], [3], 'int32'), 5),
          none: b.scatterAdd(b.slice(x, [0, 0], [0, 2]), b.slice(i, [0], [0]), 3),
        }
      },
      {
        x: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, Number.NaN, Number.POSITIVE_INFINITY, 11, 12),
        i: Int32Array.of(2, 0, 2, -1, 3, 4),
      },
    ))

  test('oneHot of each type; an index outside gives off', () =>
    expectSame(
      (b) => {
        const i = b.input('i', [2, 3], 'int32')
        return {
          float: b.oneHot(i, 4),
          values: b.oneHot(i, 4, 5, -1),
          int: b.oneHot(i, 4, 1, 0, 'int32'),
          bool: b.oneHot(i, 4, 1, 0, 'bool'),
          inverse: b.oneHot(i, 4, 0, 1, 'bool'),
          scalar: b.oneHot(b.scalar(2, 'int32'), 3),
          none: b.oneHot(i, 0),
        }
      },
      { i: Int32Array.of(0, 3, -1, 4, 2, 2) },
    ))
})

describe('cumulative and conv2d', () => {
  test('cumsum and cumprod, exclusive, reverse, each axis', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [3, 1, 7])
        const i = b.input('i', [5, 2], 'int32')
        const out: Record<string, NodeId> = {}
        for (const op of ['cumsum', 'cumprod'] as const) {
          for (const exclusive of [false, true]) {
            for (const reverse of [false, true]) {
              const name = `${op} ${exclusive} ${reverse}`
              for (const axis of [0, 1, 2]) out[`${name} ${axis}`] = b.cumulative(op, x, axis, exclusive, reverse)
              out[`int ${name}`] = b.cumulative(op, i, 0, exclusive, reverse)
            }
          }
        }
        return out
      },
      { x: values(21), i: integers(10, 7) },
      1e-5,
    ))

  test('conv2d: strides, dilations, paddings', () =>
    expectSame(
      (b) => {
        const x = b.input('x', [2, 7, 6, 3])
        const filter = b.input('f', [3, 2, 3, 4])
        return {
          plain: b.conv2d(x, filter),
          strided: b.conv2d(x, filter, { strides: [2, 1], padding: [1, 1, 0, 1] }),
          dilated: b.conv2d(x, filter, { dilations: [2, 3], padding: [0, 2, 1, 0] }),
          all: b.conv2d(x, filter, { strides: [2, 3], dilations: [2, 1], padding: [2, 1, 1, 2] }),
        }
      },
      { x: values(252), f: values(72) },
      1e-5,
    ))
})
