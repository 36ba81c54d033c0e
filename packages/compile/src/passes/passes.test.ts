import { describe, expect, it } from 'vitest'
import type { Graph, HostData, NodeId } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { evaluate } from '../interpreter/evaluate.ts'
import { validate } from '../validate.ts'
import { aliases } from './aliases.ts'
import { broadcasts } from './broadcasts.ts'
import { commonSubexpressions } from './common-subexpressions.ts'
import { concats } from './concats.ts'
import { constantFolding } from './constant-folding.ts'
import { deadCode } from './dead-code.ts'
import { identities } from './identities.ts'
import { products } from './products.ts'
import type { Pass } from './rewrite.ts'
import { simplify } from './simplify.ts'
import { softmax } from './softmax.ts'

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-40, 1.5, -2.25, 3, 7, -8, 9]

/** A graph of x [3, 4] and y [4] (with NaN, infinities and -0) before and after; results must not change a bit. */
function apply(pass: Pass, build: (g: GraphBuilder, x: NodeId, y: NodeId) => NodeId): { ops: string[]; graph: Graph } {
  const g = new GraphBuilder()
  const before = g.build({ out: build(g, g.input('x', [3, 4]), g.input('y', [4])) })
  const after = deadCode(pass(before))
  validate(after)
  const inputs = { x: Float32Array.from(SPECIAL), y: Float32Array.from([1, -0, Number.NaN, 4]) }
  // Object.is tells 0 from -0 and takes every NaN for the same.
  const [wanted, got] = [before, after].map((graph) => evaluate(graph, inputs).outputs['out']!) as [HostData, HostData]
  expect(got.length).toBe(wanted.length)
  got.forEach((value, i) => {
    expect(value).toBe(wanted[i])
  })
  const ops = after.nodes.flatMap(({ operation: o }) => (o.op === 'input' ? [] : 'fn' in o ? o.fn : o.op))
  return { ops, graph: after }
}

describe('dead code', () => {
  it('leaves out what no result needs, inputs too', () => {
    const { graph } = apply(deadCode, (g, x, y) => {
      g.unary('exp', y)
      return g.unary('neg', x)
    })
    expect(graph.nodes).toHaveLength(2)
  })
})

describe('aliases', () => {
  const cases: [name: string, build: (g: GraphBuilder, x: NodeId, y: NodeId) => NodeId, ops: string[]][] = [
    ['reshape there and back', (g, x) => g.reshape(g.reshape(x, [12]), [3, 4]), []],
    ['reshape of reshape', (g, x) => g.reshape(g.reshape(x, [12]), [4, 3]), ['reshape']],
    ['transpose of transpose', (g, x) => g.transpose(g.transpose(x, [1, 0]), [1, 0]), []],
    ['transpose of an axis of 1', (g, x) => g.transpose(g.reshape(x, [12, 1]), [1, 0]), ['reshape']],
    ['slice of slice', (g, x) => g.slice(g.slice(x, [1, 0], [2, 4]), [1, 1], [1, 2], [1, 2]), ['slice']],
    ['reverse of reverse', (g, x) => g.reverse(g.reverse(x, [0]), [0]), []],
    ['broadcast of broadcast', (g, _, y) => g.broadcast(g.broadcast(y, [2, 4]), [5, 2, 4]), ['broadcast']],
    ['sum over an axis of 1', (g, _, y) => g.reduce('sum', g.reshape(y, [1, 4]), [0]), ['constant', 'add']],
    ['max over an axis of 1', (g, _, y) => g.reduce('max', g.reshape(y, [1, 4]), [0]), []],
    ['matmul of a transpose', (g, x) => g.matmul(g.transpose(x, [1, 0]), x), ['matmul']],
  ]
  it.each(cases)('%s', (_, build, ops) => {
    expect(apply(aliases, build).ops).toEqual(ops)
  })
})

describe('broadcasts', () => {
  it('come after arithmetic', () => {
    const build = (g: GraphBuilder, _: NodeId, y: NodeId): NodeId =>
      g.binary('mul', g.broadcast(y, [9, 4]), g.fill(2, [9, 4]))
    expect(apply(broadcasts, build).ops).toEqual(['constant', 'mul', 'broadcast'])
  })
  it('vanish beside a full operand', () => {
    expect(apply(broadcasts, (g, x) => g.binary('mul', x, g.fill(2, [3, 4]))).ops).toEqual(['constant', 'mul'])
  })
})

describe('common subexpressions', () => {
  it('are computed once, equal constants too, 0 and -0 apart', () => {
    const build = (g: GraphBuilder, x: NodeId): NodeId => {
      const [a, b] = [g.binary('mul', x, g.scalar(2)), g.binary('mul', x, g.scalar(2))]
      return g.binary('add', g.binary('add', a, b), g.binary('add', g.scalar(0), g.scalar(-0)))
    }
    const { ops } = apply(commonSubexpressions, build)
    expect(ops.filter((op) => op === 'mul')).toHaveLength(1)
    expect(ops.filter((op) => op === 'constant')).toHaveLength(3)
  })
})

describe('constant folding', () => {
  it('evaluates what depends on constants, but makes no large arrays', () => {
    const build = (g: GraphBuilder, x: NodeId): NodeId => {
      const third = g.binary('div', g.scalar(1), g.scalar(3))
      return g.binary('mul', g.binary('mul', x, third), g.slice(g.fill(5, [300, 4]), [0, 0], [3, 4]))
    }
    const { ops } = apply(constantFolding, build)
    expect(ops.filter((op) => op === 'div')).toEqual([])
    expect(ops).toContain('broadcast')
  })
})

describe('identities', () => {
  const one = (g: GraphBuilder): NodeId => g.scalar(1)
  const cases: [name: string, build: (g: GraphBuilder, x: NodeId, y: NodeId) => NodeId, ops: string[]][] = [
    ['x * 1', (g, x) => g.binary('mul', x, one(g)), []],
    ['1 * y spread', (g, _, y) => g.binary('mul', g.fill(1, [3, 4]), y), ['broadcast']],
    ['x / 1', (g, x) => g.binary('div', x, one(g)), []],
    ['x / 8', (g, x) => g.binary('div', x, g.scalar(8)), ['constant', 'mul']],
    ['x / 3 stays', (g, x) => g.binary('div', x, g.scalar(3)), ['constant', 'div']],
    ['x - 0', (g, x) => g.binary('sub', x, g.scalar(0)), []],
    ['x + 0 stays', (g, x) => g.binary('add', x, g.scalar(0)), ['constant', 'add']],
    ['x + -0', (g, x) => g.binary('add', x, g.scalar(-0)), []],
    ['x - x stays', (g, x) => g.binary('sub', x, x), ['sub']],
    ['x ^ 2', (g, x) => g.binary('pow', x, g.scalar(2)), ['mul']],
    ['x * -1', (g, x) => g.binary('mul', x, g.scalar(-1)), ['neg']],
    ['a one-hot cast', (g, x) => g.cast(g.oneHot(g.cast(x, 'int32'), 3, 1, 0, 'int32'), 'float32'), ['cast', 'oneHot']],
    ['neg neg', (g, x) => g.unary('neg', g.unary('neg', x)), []],
    ['select of equals', (g, x) => g.select(g.unary('isNaN', x), x, x), []],
    ['select of a constant', (g, x, y) => g.select(g.scalar(0, 'bool'), x, g.broadcast(y, [3, 4])), ['broadcast']],
  ]
  it.each(cases)('%s', (_, build, ops) => {
    expect(apply(identities, build).ops).toEqual(ops)
  })
})

describe('products', () => {
  const ones = (g: GraphBuilder, shape: number[]): NodeId => g.fill(1, shape)
  const cases: [name: string, build: (g: GraphBuilder, x: NodeId, y: NodeId) => NodeId, ops: string[]][] = [
    ['a row of ones', (g, x) => g.matmul(ones(g, [1, 3]), x), ['sum', 'reshape']],
    ['a column of ones', (g, x) => g.matmul(x, ones(g, [1, 4]), { transposeB: true }), ['sum', 'reshape']],
    ['a row of twos stays', (g, x) => g.matmul(g.fill(2, [1, 3]), x), ['constant', 'broadcast', 'matmul']],
    [
      'an outer product',
      // Without -0, which a product's sum would turn into 0.
      (g, _, y) =>
        g.matmul(g.unary('abs', g.reshape(y, [4, 1])), g.unary('abs', g.reshape(y, [4, 1])), { transposeB: true }),
      ['reshape', 'abs', 'reshape', 'abs', 'reshape', 'mul'],
    ],
  ]
  it.each(cases)('%s', (_, build, ops) => {
    expect(apply(products, build).ops).toEqual(ops)
  })
})

describe('concats', () => {
  it('join one that is used nowhere else', () => {
    expect(apply(concats, (g, x) => g.concat([g.concat([x, x], 0), x], 0)).ops).toEqual(['concat'])
  })
  it('leave another axis, and one that is used again', () => {
    const build = (g: GraphBuilder, x: NodeId): NodeId => {
      const twice = g.concat([x, x], 0)
      return g.concat([g.concat([twice, twice], 1), g.concat([twice, twice], 1)], 0)
    }
    expect(apply(concats, build).ops.filter((op) => op === 'concat').length).toBeGreaterThan(2)
  })
})

describe('softmax', () => {
  it('finds log-softmax in its parts', () => {
    const g = new GraphBuilder()
    const x = g.input('x', [3, 4])
    const shifted = g.binary('sub', x, g.reduce('max', x, [1], true))
    const sum = g.reduce('sum', g.unary('exp', shifted), [1], true)
    const graph = simplify(g.build({ out: g.binary('sub', shifted, g.unary('log', sum)) }))
    validate(graph)
    expect(graph.nodes.map(({ operation }) => operation.op)).toEqual(['input', 'logSoftmax'])
  })
  it('leaves another axis alone', () => {
    const g = new GraphBuilder()
    const x = g.input('x', [4, 4])
    const shifted = g.binary('sub', x, g.reduce('max', x, [0], true))
    const sum = g.reduce('sum', g.unary('exp', shifted), [0], true)
    const graph = softmax(g.build({ out: g.binary('sub', shifted, g.unary('log', sum)) }))
    expect(graph.nodes.some(({ operation }) => operation.op === 'logSoftmax')).toBe(false)
  })
})

describe('simplify', () => {
  it('gives a graph back as it is where no pass finds anything, so that it knows when to stop', () => {
    const g = new GraphBuilder()
    const x = g.input('x', [3, 4])
    const twice = g.transpose(g.transpose(g.binary('mul', x, g.fill(1, [3, 4])), [1, 0]), [1, 0])
    const simple = simplify(g.build({ out: g.unary('exp', twice) }))
    expect(simple.nodes.map(({ operation }) => operation.op)).toEqual(['input', 'unary'])
    expect(simplify(simple)).toBe(simple)
  })
})
