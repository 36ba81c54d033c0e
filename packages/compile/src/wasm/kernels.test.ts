import { describe, it } from 'vitest'
import { type Dtype, type NodeId, type ReduceOp, sizeOf } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { check, generator, randomFor, randomValues } from './testing/check.ts'

const SHAPES = [
  [1],
  [4],
  [7],
  [65],
  [1, 1],
  [3, 5],
  [5, 3],
  [4, 8],
  [7, 63],
  [65, 2],
  [9, 4],
  [2, 3, 4],
  [3, 5, 7],
  [2, 1, 9],
  [5, 4, 3, 2],
]

/** Checks a graph made from one input of each shape. */
function forShapes(
  shapes: readonly (readonly number[])[],
  dtype: Dtype,
  make: (b: GraphBuilder, x: NodeId) => NodeId[],
) {
  for (const shape of shapes) {
    const b = new GraphBuilder()
    const results = make(b, b.input('x', shape, dtype))
    if (results.length === 0) continue
    const graph = b.build(Object.fromEntries(results.map((id, i) => [`y${i}`, id])))
    check(graph, randomFor(graph, generator(sizeOf(shape))).inputs, {}, { relative: 2e-6, ofLargest: 2e-6 })
  }
}

/** All subsets of the axes but the empty one. */
function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank - 1 }, (_, i) =>
    [...Array(rank).keys()].filter((axis) => ((i + 1) >> axis) & 1),
  )
}

describe('reductions', () => {
  it.each(['sum', 'prod', 'max', 'min'] as ReduceOp[])('%s of float32 and int32 over every set of axes', (fn) => {
    for (const dtype of ['float32', 'int32'] as const) {
      forShapes(SHAPES, dtype, (b, x) => subsets(b.shape(x).length).map((axes) => b.reduce(fn, x, axes)))
    }
  })
  it.each(['any', 'all'] as const)('%s', (fn) => {
    forShapes(SHAPES, 'bool', (b, x) => subsets(b.shape(x).length).map((axes) => b.reduce(fn, x, axes)))
  })
  it.each(['max', 'min'] as const)('%s keeps NaN wherever it is', (fn) => {
    for (const n of [1, 3, 5, 16, 21, 70]) {
      for (let at = 0; at < n; at += n > 20 ? 7 : 1) {
        for (const shape of [
          [n, 1],
          [n, 3],
          [n, 17],
        ] as const) {
          const b = new GraphBuilder()
          const x = b.input('x', shape)
          const graph = b.build({ c: b.reduce(fn, x, [0]), r: b.reduce(fn, x, [1]), f: b.reduce(fn, x) })
          const values = randomValues('float32', sizeOf(shape), generator(at))
          values[at * shape[1]] = Number.NaN
          check(graph, { x: values })
        }
      }
    }
  })
  it('int32 sums and products wrap once', () => {
    const x = Int32Array.of(0x7fffffff, 5, 0x7fffffff, 3, 123456789, 7, -0x80000000, 9)
    const b = new GraphBuilder()
    const input = b.input('x', [4, 2], 'int32')
    const results = [[0], [1], [0, 1]].flatMap((axes) => [b.reduce('sum', input, axes), b.reduce('prod', input, axes)])
    check(b.build(Object.fromEntries(results.map((id, i) => [`y${i}`, id]))), { x })
  })
  it('long sums stay accurate', () => {
    const b = new GraphBuilder()
    const x = b.input('x', [40_000])
    const y = b.input('y', [10_000, 3])
    const graph = b.build({ full: b.reduce('sum', x), columns: b.reduce('sum', y, [0]) })
    const inputs = { x: new Float32Array(40_000).fill(0.1), y: new Float32Array(30_000).fill(0.1) }
    check(graph, inputs, {}, { relative: 3e-6 })
  })
  it.each(['argmax', 'argmin'] as const)('%s along every axis, ties and NaN included', (op) => {
    for (const dtype of ['float32', 'int32'] as const) {
      forShapes(SHAPES, dtype, (b, x) => b.shape(x).map((_, axis) => b[op](x, axis)))
    }
    const b = new GraphBuilder()
    const nan = Number.NaN
    check(b.build({ y: b[op](b.input('x', [3, 3]), 1) }), { x: Float32Array.of(1, nan, 2, nan, 5, 6, 3, 3, 3) })
  })
})

describe('softmax and logSoftmax', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9, 12, 17, 64, 65])('rows of %i', (n) => {
    for (const m of [1, 3, 4, 5, 8, 13]) forShapes([[m, n]], 'float32', (b, x) => [b.softmax(x), b.logSoftmax(x)])
    forShapes([[n], [2, 3, n]], 'float32', (b, x) => [b.softmax(x), b.logSoftmax(x)])
  })
  it('very unequal rows, infinities and NaN', () => {
    const inf = Number.POSITIVE_INFINITY
    for (const n of [3, 9]) {
      const rows = [
        [1000, 0, -1000],
        [-1e9, 0, 0],
        [-inf, 1, 2],
        [inf, 1, 2],
        [Number.NaN, 1, 2],
      ]
      const x = Float32Array.from(rows.flatMap((row) => Array.from({ length: n }, (_, i) => row[i % 3]!)))
      const b = new GraphBuilder()
      const input = b.input('x', [5, n])
      check(b.build({ s: b.softmax(input), l: b.logSoftmax(input) }), { x }, {}, { relative: 1e-6 })
    }
  })
})

describe('matrix products', () => {
  const sizes = [1, 2, 3, 4, 7, 17, 33]
  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('transposed: %s, %s', (transposeA, transposeB) => {
    for (const m of sizes) {
      for (const n of sizes) {
        for (const k of [1, 3, 4, 5, 30]) {
          const b = new GraphBuilder()
          const x = b.input('x', transposeA ? [k, m] : [m, k])
          const w = b.input('w', transposeB ? [n, k] : [k, n])
          const product = b.matmul(x, w, { transposeA, transposeB })
          const y = (m + n + k) % 2 === 0 ? b.binary('add', product, b.input('bias', [n])) : product
          const graph = b.build({ y })
          check(graph, randomFor(graph, generator(m * n + k)).inputs, {}, { ofLargest: 2e-6, relative: 1e-6 })
        }
      }
    }
  })
  it('large sides, which are packed', () => {
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      for (const [m, n, k] of [
        [66, 67, 33],
        [129, 64, 19],
        [64, 128, 16],
      ] as const) {
        const b = new GraphBuilder()
        const x = b.input('x', transposeA ? [k, m] : [m, k])
        const w = b.input('w', transposeB ? [n, k] : [k, n])
        const graph = b.build({
          y: b.binary('add', b.input('bias', [1, n]), b.matmul(x, w, { transposeA, transposeB })),
        })
        check(graph, randomFor(graph, generator(m)).inputs, {}, { ofLargest: 2e-6, relative: 1e-6 })
      }
    }
  })
  it('batches, shared and broadcast', () => {
    for (const [a, c] of [
      [
        [3, 4, 5],
        [3, 5, 6],
      ],
      [
        [3, 4, 5],
        [5, 6],
      ],
      [
        [4, 5],
        [3, 5, 6],
      ],
      [
        [2, 1, 4, 5],
        [3, 5, 2],
      ],
      [
        [2, 3, 1, 5],
        [2, 3, 5, 1],
      ],
      [
        [2, 3, 7, 5],
        [1, 3, 5, 9],
      ],
    ] as const) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const b = new GraphBuilder()
          const swap = (shape: readonly number[], yes: boolean) =>
            yes ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape
          const x = b.input('x', swap(a, transposeA))
          const w = b.input('w', swap(c, transposeB))
          const product = b.matmul(x, w, { transposeA, transposeB })
          const graph = b.build({ y: product, z: b.binary('add', product, b.input('bias', [c.at(-1)!])) })
          check(graph, randomFor(graph, generator(7)).inputs, {}, { relative: 2e-6 })
          const biased = new GraphBuilder()
          const again = biased.matmul(biased.input('x', swap(a, transposeA)), biased.input('w', swap(c, transposeB)), {
            transposeA,
            transposeB,
          })
          const alone = biased.build({ z: biased.binary('add', again, biased.input('bias', [c.at(-1)!])) })
          check(alone, randomFor(alone, generator(7)).inputs, {}, { relative: 2e-6 })
        }
      }
    }
  })
  it('operands next to NaN do not catch it', () => {
    // What lies past a row's end in memory is not part of it.
    for (const [m, n, k] of [
      [3, 1, 5],
      [1, 2, 3],
      [4, 3, 7],
    ] as const) {
      const b = new GraphBuilder()
      const big = b.input('big', [m * k + 8])
      const x = b.reshape(b.slice(big, [0], [m * k]), [m, k])
      const graph = b.build({ y: b.matmul(x, b.reshape(b.slice(big, [0], [k * n]), [k, n])) })
      const values = new Float32Array(m * k + 8).fill(Number.NaN)
      values.fill(1, 0, Math.max(m * k, k * n))
      check(graph, { big: values })
    }
  })
})

describe('movement', () => {
  it('transposes', () => {
    forShapes(
      [
        [3, 5],
        [4, 4],
        [8, 12],
        [65, 7],
        [1, 6],
      ],
      'float32',
      (b, x) => [b.transpose(x, [1, 0])],
    )
    const orders = [
      [0, 2, 1],
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
    ]
    forShapes(
      [
        [2, 3, 4],
        [5, 1, 7],
        [4, 8, 4],
      ],
      'int32',
      (b, x) => orders.map((order) => b.transpose(x, order)),
    )
    forShapes([[2, 3, 4, 5]], 'bool', (b, x) => [b.transpose(x, [3, 1, 0, 2]), b.transpose(x, [0, 3, 2, 1])])
  })
  it('slices, with strides, read in place and dense', () => {
    forShapes([[9, 11]], 'float32', (b, x) => {
      const rows = b.slice(x, [2, 0], [5, 11])
      const columns = b.slice(x, [0, 3], [9, 5])
      const sparse = b.slice(x, [1, 1], [4, 5], [2, 2])
      return [rows, columns, sparse, b.unary('exp', columns), b.unary('exp', rows), b.reduce('sum', columns, [0])]
    })
  })
  it('reverses', () => {
    forShapes([[7], [3, 5], [2, 3, 4]], 'float32', (b, x) => {
      const rank = b.shape(x).length
      return subsets(rank).flatMap((axes) => [b.reverse(x, axes), b.unary('neg', b.reverse(x, axes))])
    })
  })
  it('concatenates along every axis, computed and given parts', () => {
    forShapes([[5], [3, 5], [2, 3, 4]], 'float32', (b, x) =>
      b.shape(x).flatMap((_, axis) => {
        const made = b.unary('exp', x)
        const whole = b.concat([x, made, b.unary('neg', made), x], axis)
        return [whole, b.concat([whole, made], axis), b.unary('abs', b.concat([made, x], axis))]
      }),
    )
  })
  it('parts of a concatenation do not overwrite each other', () => {
    const b = new GraphBuilder()
    const inputs = [1, 3, 6, 2, 9].map((n, i) => b.unary('neg', b.input(`x${i}`, [n])))
    const graph = b.build({ y: b.unary('abs', b.concat(inputs, 0)) })
    check(graph, randomFor(graph, generator(1)).inputs)
  })
  it('pads', () => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      forShapes(
        [
          [3, 5],
          [1, 1],
          [4, 4],
        ],
        dtype,
        (b, x) => [
          b.pad(x, [1, 2], [0, 3], 1),
          b.pad(x, [0, 0], [2, 0]),
          b.pad(b.slice(x, [0, 0], [1, 1]), [2, 1], [1, 4]),
        ],
      )
    }
  })
  it('reshapes of views', () => {
    forShapes([[6, 4]], 'float32', (b, x) => {
      const turned = b.transpose(x, [1, 0])
      const spread = b.broadcast(b.slice(x, [0, 0], [1, 4]), [3, 4])
      return [
        b.reshape(turned, [24]),
        b.reshape(b.reshape(turned, [2, 12]), [24]),
        b.reshape(spread, [12]),
        b.unary('neg', b.reshape(spread, [6, 2])),
      ]
    })
  })
  it('gathers rows along every axis, indices outside included', () => {
    for (const [shape, axis, indexShape, batchDims] of [
      [[5], 0, [3], 0],
      [[5, 1], 0, [4], 0],
      [[6, 3], 0, [2, 4], 0],
      [[6, 23], 0, [5], 0],
      [[3, 5, 2], 1, [4], 0],
      [[3, 5], 1, [4], 0],
      [[3, 5, 2], 1, [3, 2], 1],
    ] as const) {
      const b = new GraphBuilder()
      const x = b.input('x', shape)
      const index = b.input('index', indexShape, 'int32')
      const graph = b.build({ y: b.gather(x, index, axis, batchDims) })
      const { inputs } = randomFor(graph, generator(3))
      const indices = Int32Array.from({ length: sizeOf(indexShape) }, (_, i) => (i * 3) % (shape[axis]! + 1))
      check(graph, { x: inputs['x']!, index: indices })
    }
  })
  it.each(['float32', 'int32'] as const)('scatters %s rows, repeated and outside included', (dtype) => {
    for (const width of [[], [1], [4], [3, 7], [23]]) {
      const b = new GraphBuilder()
      const graph = b.build({ y: b.scatterAdd(b.input('x', [6, ...width], dtype), b.input('i', [6], 'int32'), 5) })
      const x = randomFor(graph, generator(4)).inputs['x']!
      check(graph, { x, i: Int32Array.of(1, 4, 1, -1, 5, 1) }, {}, { relative: 1e-6 })
    }
  })
  it.each(['float32', 'int32', 'bool'] as const)('oneHot of %s', (dtype) => {
    for (const depth of [1, 2, 3, 4, 6, 9]) {
      const b = new GraphBuilder()
      const index = b.input('i', [3, 2], 'int32')
      const graph = b.build({ y: b.oneHot(index, depth, 1, 0, dtype), z: b.oneHot(index, depth, 0, 1, dtype) })
      check(graph, { i: Int32Array.of(0, 1, -1, 5, 2, 9) })
    }
  })
  it.each(['cumsum', 'cumprod'] as const)('%s along every axis', (op) => {
    for (const dtype of ['float32', 'int32'] as const) {
      forShapes([[1], [7], [3, 5], [2, 3, 4]], dtype, (b, x) =>
        b
          .shape(x)
          .flatMap((_, axis) =>
            [false, true].flatMap((exclusive) =>
              [false, true].map((reverse) => b.cumulative(op, x, axis, exclusive, reverse)),
            ),
          ),
      )
    }
  })
})

it('conv2d: strides, dilations, padding, odd channels', () => {
  for (const options of [
    {},
    { strides: [2, 1] as const },
    { dilations: [1, 2] as const, padding: [1, 1, 2, 2] as const },
    { strides: [2, 2] as const, padding: [0, 1, 1, 0] as const },
  ]) {
    for (const [channels, out] of [
      [1, 1],
      [3, 5],
      [2, 16],
      [4, 19],
    ] as const) {
      const b = new GraphBuilder()
      const x = b.input('x', [2, 7, 6, channels])
      const graph = b.build({ y: b.conv2d(x, b.input('w', [3, 2, channels, out]), options) })
      check(graph, randomFor(graph, generator(out)).inputs, {}, { relative: 2e-6 })
    }
  }
})
