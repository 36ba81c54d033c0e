import { describe, expect, it } from 'vitest'
import type { Graph, NodeId } from './graph.ts'
import { GraphBuilder } from './graph-builder.ts'
import { printGraph } from './print-graph.ts'
import { validate } from './validate.ts'

const invalid = expect.objectContaining({ code: 'RPR_COMPILE_GRAPH' })

describe('the builder', () => {
  const cases: [what: string, build: (g: GraphBuilder, x: NodeId, n: NodeId) => NodeId, message: RegExp][] = [
    [
      'shapes that do not broadcast',
      (g, x) => g.binary('add', x, g.input('y', [2, 4])),
      /broadcast \[2,3\] with \[2,4\]/,
    ],
    ['mixed types', (g, x, n) => g.binary('add', x, n), /mixes float32 and int32/],
    ['exp of integers', (g, _, n) => g.unary('exp', n), /takes float32, not int32/],
    ['a select by numbers', (g, x) => g.select(x, x, x), /needs a bool condition/],
    ['inner sides that differ', (g, x) => g.matmul(x, x), /cannot multiply 2 x 3 by 2 x 3/],
    ['a reshape to another size', (g, x) => g.reshape(x, [7]), /cannot view \[2,3\] as \[7\]/],
    ['a slice outside', (g, x) => g.slice(x, [0, 2], [2, 2]), /leaves axis 1/],
    ['a backward slice', (g, x) => g.slice(x, [1, 0], [2, 3], [-1, 1]), /use reverse/],
    ['a permutation that is none', (g, x) => g.transpose(x, [0, 0]), /does not permute/],
    ['axes outside', (g, x) => g.reduce('sum', x, [2]), /has axes \[2\]/],
    ['a sum of bools', (g, x) => g.reduce('sum', g.binary('less', x, x)), /cannot reduce bool/],
    ['indices that are no integers', (g, x) => g.gather(x, x), /int32 indices/],
    ['unequal concats', (g, x) => g.concat([x, g.input('y', [3, 3])], 1), /cannot join/],
    ['a constant of the wrong length', (g) => g.constant([1, 2], [3]), /holds 2 values, not 3/],
    ['a node that does not exist', (g) => g.unary('neg', 99), /no node 99/],
  ]
  it.each(cases)('refuses %s', (_, build, message) => {
    const g = new GraphBuilder()
    const run = (): NodeId => build(g, g.input('x', [2, 3]), g.input('n', [2, 3], 'int32'))
    expect(run).toThrow(invalid)
    expect(run).toThrow(message)
  })

  it('infers shapes and types', () => {
    const g = new GraphBuilder()
    const x = g.input('x', [2, 3])
    expect(g.spec(g.reduce('max', x, [-1], true))).toMatchObject({ shape: [2, 1], dtype: 'float32' })
    expect(g.spec(g.argmax(x, -1))).toMatchObject({ shape: [2], dtype: 'int32' })
    expect(g.spec(g.binary('less', x, g.scalar(0)))).toMatchObject({ shape: [2, 3], dtype: 'bool' })
    expect(g.spec(g.matmul(g.reshape(x, [2, 1, 3]), x, { transposeB: true }))).toMatchObject({ shape: [2, 1, 2] })
    expect(g.reshape(g.reshape(x, [6]), [2, 3])).toBe(x)
  })
})

describe('validate', () => {
  const graph = (change: (graph: Graph) => Partial<Graph> = () => ({})): Graph => {
    const g = new GraphBuilder()
    const sum = g.binary('add', g.input('x', [2]), g.state('s', [2]))
    const built = g.build({ out: sum }, { s: sum })
    return { ...built, ...change(built) }
  }
  it('takes what the builder makes', () => {
    expect(() => validate(graph())).not.toThrow()
  })
  it.each<[string, (g: Graph) => Partial<Graph>]>([
    ['nodes out of order', ({ nodes }) => ({ nodes: [...nodes].reverse() })],
    ['a wrong shape', ({ nodes }) => ({ nodes: nodes.map((n, i) => (i === 2 ? { ...n, shape: [3] } : n)) })],
    ['an input twice', ({ nodes }) => ({ nodes: [...nodes, nodes[0]!] })],
    ['an output that is no node', () => ({ outputs: { out: 9 } })],
    ['a state of another type', ({ nodes }) => ({ nodes: nodes.map((n, i) => (i === 1 ? { ...n, shape: [1] } : n)) })],
  ])('refuses %s', (_, change) => {
    expect(() => validate(graph(change))).toThrow(invalid)
  })
})

it('prints one node a line', () => {
  const g = new GraphBuilder()
  const x = g.input('x', [2, 3])
  const product = g.matmul(x, g.constant([1, 2, 3], [1, 3]), { transposeB: true })
  expect(printGraph(g.build({ out: g.reduce('sum', product, [0]) }))).toBe(
    [
      '%0 = input() {name: x} : float32 [2, 3]',
      '%1 = constant() {1, 2, 3} : float32 [1, 3]',
      '%2 = matmul(%0, %1) {transposeB} : float32 [2, 1]',
      '%3 = reduce sum(%2) {axes: [0]} : float32 [1]',
      'output out = %3',
    ].join('\n'),
  )
})
