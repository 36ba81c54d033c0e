/** Random graphs of 5 to 60 nodes: what the lowering joins (bias, splits, broadcasts) must not depend on luck. */
import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import type { HostData, NodeId, Shape } from '../graph.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { mismatches } from './lower/compare.ts'

const SHAPES: readonly Shape[] = [[], [1], [4], [3, 4], [4, 3], [3, 1], [1, 4], [2, 3, 4], [2, 1, 4], [12]]
const SMOOTH = ['neg', 'abs', 'tanh', 'sigmoid', 'sin', 'softplus', 'atan', 'exp'] as const
const ARITHMETIC = ['add', 'sub', 'mul', 'max', 'min', 'add', 'mul'] as const
const COMPARISONS = ['less', 'greaterEqual', 'equal', 'notEqual'] as const

class Grower {
  readonly b: GraphBuilder
  readonly rng: Pcg64
  readonly ids: NodeId[] = []
  /** Nodes with the same bits on every target: only those are compared, rounded or searched for their largest. */
  readonly exact = new Set<NodeId>()

  constructor(b: GraphBuilder, rng: Pcg64) {
    this.b = b
    this.rng = rng
  }

  pick<T>(from: readonly T[]): T {
    return from[this.rng.integers(from.length)]!
  }

  find(accept: (id: NodeId) => boolean): NodeId | undefined {
    const fitting = this.ids.filter(accept)
    return fitting.length === 0 ? undefined : this.pick(fitting)
  }

  keep(id: NodeId, exact: boolean): void {
    this.ids.push(id)
    if (exact) this.exact.add(id)
  }

  float(exact = false): NodeId {
    return this.find((id) => this.b.dtype(id) === 'float32' && (!exact || this.exact.has(id)))!
  }

  /** Another node of the same type whose shape broadcasts with this one's. */
  partner(id: NodeId, exact = false): NodeId {
    const shape = this.b.shape(id)
    const fits = (other: NodeId) =>
      this.b.dtype(other) === this.b.dtype(id) &&
      (!exact || this.exact.has(other)) &&
      this.b.shape(other).every((d, i, all) => {
        const mine = shape[shape.length - all.length + i] ?? 1
        return d === mine || d === 1 || mine === 1
      })
    return this.find(fits) ?? id
  }

  /** Adds a few nodes of a random kind, or none where nothing fits. */
  grow(): unknown {
    const { b } = this
    const x = this.float()
    const shape = b.shape(x)
    const exact = this.exact.has(x)
    const axis = shape.length === 0 ? 0 : this.rng.integers(shape.length)
    switch (this.rng.integers(12)) {
      case 0:
      case 1: {
        const fn = this.pick(SMOOTH)
        const arg = fn === 'exp' ? b.unary('neg', b.unary('abs', x)) : x
        return this.keep(b.unary(fn, arg), exact && (fn === 'neg' || fn === 'abs'))
      }
      case 2:
      case 3: {
        const y = this.partner(x)
        const raw = b.binary(this.pick(ARITHMETIC), x, y)
        return this.keep(b.unary('tanh', raw), false)
      }
      case 4: {
        const y = this.float(true)
        const c = b.binary(this.pick(COMPARISONS), y, this.partner(y, true))
        this.keep(c, true)
        return this.keep(b.select(c, y, b.scalar(-0.25)), true)
      }
      case 5: {
        // A product of two matrices, half of them with a bias.
        const rows = b.reshape(x, [b.shape(x).reduce((p, q) => p * q, 1) / (shape.at(-1) ?? 1), shape.at(-1) ?? 1])
        const transposeA = this.rng.integers(2) === 1
        const product = b.matmul(transposeA ? b.transpose(rows, [1, 0]) : rows, rows, { transposeA, transposeB: true })
        const [m, n] = b.shape(product) as [number, number]
        const bias = this.pick([[n], [1, n], [m, 1], [], [m, n]])
        const spread = this.find((id) => String(b.shape(id)) === String(bias) && b.dtype(id) === 'float32')
        const sum = spread !== undefined && this.rng.integers(2) === 1 ? b.binary('add', spread, product) : product
        return this.keep(b.unary('tanh', sum), false)
      }
      case 6: {
        if (shape.length === 0) return undefined
        this.keep(b.unary('tanh', b.reduce('sum', x, [axis], this.rng.integers(2) === 1)), false)
        return this.keep(b.reduce(this.pick(['max', 'min']), x, [axis]), exact)
      }
      case 7: {
        // Pieces along one axis: a split, sometimes with a gap.
        if (shape.length === 0 || shape[axis]! < 3) return undefined
        for (const [begin, size] of this.pick([
          [
            [0, 1],
            [1, 2],
          ],
          [
            [2, 1],
            [0, 1],
          ],
          [
            [0, 2],
            [1, 2],
          ],
        ] as [number, number][][])) {
          const begins = shape.map((_, i) => (i === axis ? begin : 0))
          const sizes = shape.map((d, i) => (i === axis ? size : d))
          this.keep(b.slice(x, begins, sizes), exact)
        }
        return undefined
      }
      case 8: {
        const wide = this.pick([[2, ...shape], shape.map((d) => (d === 1 ? 3 : d))])
        if (wide.reduce((p, q) => p * q, 1) > 200) return undefined
        return this.keep(b.broadcast(x, wide), exact)
      }
      case 9: {
        if (shape.length < 2) return this.keep(b.reshape(x, [...shape, 1]), exact)
        const order = shape.map((_, i) => i).reverse()
        return this.keep(this.pick([b.transpose(x, order), b.reverse(x, [axis])]), exact)
      }
      case 10: {
        if (shape.length === 0) return undefined
        this.keep(b.softmax(x), false)
        return this.keep(b.concat([x, b.unary('neg', x)], axis), exact)
      }
      default: {
        const y = this.float(true)
        const along = b.shape(y).length - 1
        if (along < 0) return undefined
        const index = b.argmax(y, along)
        this.keep(index, true)
        this.keep(b.oneHot(index, b.shape(y)[along]!), true)
        return this.keep(b.gather(y, index, along, along), true)
      }
    }
  }
}

test.each(Array.from({ length: 80 }, (_, seed) => seed))('graph %i', async (seed) => {
  const rng = new Pcg64(seed)
  const inputs: Record<string, HostData> = {}
  const found = await mismatches(
    (b) => {
      const grower = new Grower(b, rng)
      for (const [i, shape] of SHAPES.entries()) {
        const id = rng.integers(2) === 1 ? b.input(`x${i}`, shape) : b.constant(rounded(rng, shape), shape)
        if (b.nodes[id]!.operation.op === 'input') inputs[`x${i}`] = rounded(rng, shape)
        grower.keep(id, true)
      }
      const size = 5 + rng.integers(56)
      while (b.nodes.length < SHAPES.length + size) grower.grow()
      // Some inner nodes are results too; what nothing reads is one for certain.
      const read = new Set(b.nodes.flatMap((node) => node.inputs))
      const results = grower.ids.filter((id) => !read.has(id) || rng.integers(6) === 0)
      return Object.fromEntries(results.map((id) => [`n${id}`, id]))
    },
    inputs,
    { tolerance: 1e-5, absolute: true },
  )
  expect(found).toEqual([])
})

/** Few digits, so that ties and equal values happen. */
function rounded(rng: Pcg64, shape: Shape): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.round(rng.uniform(-2, 2) * 8) / 8)
}
