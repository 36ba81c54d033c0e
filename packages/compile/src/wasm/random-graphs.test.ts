import { expect, it } from 'vitest'
import type { BinaryOp, Graph, NodeId, UnaryOp } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { check, generator, randomFor } from './testing/check.ts'

const UNARY: UnaryOp[] = ['neg', 'abs', 'tanh', 'sigmoid', 'sin', 'softplus']
const BINARY: BinaryOp[] = ['add', 'sub', 'mul', 'max', 'min']
const SIDES = [1, 2, 3, 4, 5, 8, 17]

/** A graph of `count` operations on matrices whose sides are few, so that operands fit often. Values stay small. */
function randomGraph(seed: number, count: number): Graph {
  const random = generator(seed)
  const below = (n: number): number => Math.floor(((random() + 1) / 2) * n)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!
  const b = new GraphBuilder()
  const sides = [pick(SIDES), pick(SIDES), 1]
  const shape = () => [pick(sides), pick(sides)]
  const pool: NodeId[] = []
  for (let i = 0; i < 3; i++) pool.push(b.input(`x${i}`, shape()), b.state(`s${i}`, shape()))
  const bounded = (x: NodeId): NodeId => b.unary('tanh', x)
  for (let i = 0; i < count; i++) {
    const x = pick(pool)
    const [m, n] = b.shape(x) as [number, number]
    const partners = pool.filter((y) =>
      b.shape(y).every((d, axis) => d === 1 || [m, n][axis] === 1 || d === [m, n][axis]),
    )
    const y = pick(partners)
    switch (below(13)) {
      case 0:
      case 1:
        pool.push(b.unary(pick(UNARY), x))
        break
      case 2:
      case 3:
      case 4:
        pool.push(bounded(b.binary(pick(BINARY), x, y)))
        break
      case 5:
        pool.push(b.select(b.binary('less', x, y), x, pick(partners.filter((z) => canMeet(b, x, y, z)).concat(x))))
        break
      case 6: {
        const other = pool.filter((z) => b.shape(z)[0] === n)
        if (other.length > 0) pool.push(bounded(b.matmul(x, pick(other))))
        break
      }
      case 7: {
        const other = pool.filter((z) => b.shape(z)[0] === m)
        if (other.length > 0) pool.push(bounded(b.matmul(x, pick(other), { transposeA: true })))
        break
      }
      case 8:
        pool.push(bounded(b.reduce(pick(['sum', 'max', 'min']), x, [below(2)], true)))
        break
      case 9:
        pool.push(b.transpose(x, [1, 0]))
        break
      case 10:
        pool.push(b.slice(x, [below(m), 0], [1, n]), b.reverse(x, [below(2)]))
        break
      case 11:
        pool.push(b.reshape(b.concat([x, x], below(2)), m % 2 === 0 ? [m / 2, n * 4] : [m, n * 2]))
        break
      default:
        pool.push(b.softmax(x))
    }
    if (sizeOf(b.shape(pool.at(-1)!)) > 600) pool.pop()
  }
  const outputs = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`y${i}`, pick(pool)]))
  outputs['last'] = pool.at(-1)!
  const next: Record<string, NodeId> = {}
  b.nodes.forEach((node) => {
    if (node.operation.op !== 'state') return
    const fitting = pool.filter((id) => b.shape(id).join() === node.shape.join())
    if (fitting.length > 0) next[node.operation.path] = pick(fitting.slice(-4))
  })
  return b.build(outputs, next)
}

function canMeet(b: GraphBuilder, ...ids: NodeId[]): boolean {
  return [0, 1].every((axis) => new Set(ids.map((id) => b.shape(id)[axis]!).filter((d) => d !== 1)).size <= 1)
}

it('random graphs of 5 to 60 operations agree with the interpreter', () => {
  let nodes = 0
  // The last once made a cycle of loops.
  for (const seed of [...Array.from({ length: 150 }, (_, i) => i + 1), 2216]) {
    const graph = randomGraph(seed * 7919, 5 + (seed % 56))
    nodes += graph.nodes.length
    const { inputs, state } = randomFor(graph, generator(seed))
    try {
      check(graph, inputs, state, { relative: 2e-5 })
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
  expect(nodes).toBeGreaterThan(3000)
})
