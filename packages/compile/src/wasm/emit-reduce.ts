/**
 * Reductions over any axes. When the innermost axis stays, its columns are vectors and the others add up; when it goes,
 * vectors run along the rows, or across four rows where rows are short. The order of additions depends on shapes alone,
 * so that the same input gives the same bits.
 */
import type { Dtype, NodeId, ReduceOp } from '../graph.ts'
import { stridesOf } from '../interpreter/strides.ts'
import { Accumulators, type Combine, chunked, combineOf, joinLanes } from './accumulators.ts'
import { elements } from './analysis.ts'
import type { Code, Expr } from './code.ts'
import { loadColumns, MAX_COLUMNS, storePart } from './columns.ts'
import { choose, get, lanes, load, splatInt } from './expr.ts'
import { hostFunction } from './host-functions.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import { nest, pointer } from './nest.ts'

interface Axis {
  size: number
  readonly reduced: boolean
}

export function emitReduce(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  const { operation } = node
  if (operation.op !== 'reduce') return
  const operand = nodeOf(lowering, node.inputs[0]!)
  const to = lowering.memory.address(id)
  if (elements(operand) === 0) {
    fillIdentity(code, to, elements(node), operation.fn, node.dtype)
    return
  }
  const from = addressOf(lowering, node.inputs[0]!)
  const axes: Axis[] = []
  operand.shape.forEach((size, axis) => {
    if (size === 1) return
    const reduced = operation.axes.includes(axis)
    const last = axes.at(-1)
    if (last?.reduced === reduced) last.size *= size
    else axes.push({ size, reduced })
  })
  if (axes.length === 0) axes.push({ size: 1, reduced: false })
  const combine = combineOf(operation.fn, node.dtype)
  if (operation.fn === 'prod' && node.dtype === 'int32') integerProducts(lowering, code, axes, from, to)
  else if (axes.at(-1)!.reduced) reduceRows(code, axes, from, to, combine)
  else reduceColumns(code, axes, from, to, combine)
}

function fillIdentity(code: Code, to: number, count: number, fn: ReduceOp, dtype: Dtype): void {
  for (let i = 0; i < count; i++) {
    code.i32(0)
    // An empty maximum of integers is -Infinity, which int32 stores as 0.
    if (dtype === 'int32' && (fn === 'max' || fn === 'min')) splatInt(0)(code)
    else combineOf(fn, dtype).identity(code)
    code.laneMemory('v128.store32_lane', to + 4 * i, 0)
  }
}

/** The innermost axis stays. */
function reduceColumns(code: Code, axes: readonly Axis[], from: number, to: number, combine: Combine): void {
  const inStrides = stridesOf(axes.map((axis) => axis.size)).map((s) => 4 * s)
  const width = axes.at(-1)!.size
  const outer = axes.slice(0, -1)
  const keptAt = outer.flatMap((axis, i) => (axis.reduced ? [] : [i]))
  const reducedAt = outer.flatMap((axis, i) => (axis.reduced ? [i] : []))
  const outStrides = stridesOf([...keptAt.map((i) => axes[i]!.size), width]).map((s) => 4 * s)
  code.scope(() => {
    const input = pointer(
      code,
      from,
      keptAt.map((i) => inStrides[i]!),
    )
    const output = pointer(code, to, outStrides.slice(0, -1))
    const block = (vectors: number, offset: number, count: number): void => {
      code.scope(() => {
        const accumulators = new Accumulators(code, combine, vectors)
        accumulators.reset()
        const row = pointer(
          code,
          0,
          reducedAt.slice(0, -1).map((i) => inStrides[i]!),
        )
        code.get(input.local)
        code.set(row.local)
        const last = reducedAt.at(-1)
        const rows = last === undefined ? 1 : axes[last]!.size
        const stride = last === undefined ? 0 : inStrides[last]!
        nest(
          code,
          reducedAt.slice(0, -1).map((i) => axes[i]!.size),
          [row],
          () => {
            chunked(code, combine, vectors, rows, accumulators, (into, times) => {
              code.repeat(times, 1, () => {
                for (let i = 0; i < vectors; i++) into.add(i, load('v128.load', get(row.local), offset + 16 * i))
                code.add(row.local, stride)
              })
            })
            code.add(row.local, -stride * rows)
          },
        )
        for (let i = 0; i < vectors; i++) {
          const left = count - 4 * i
          const value = accumulators.value(i)
          storePart(code, get(output.local), offset + 16 * i, value, Math.min(4, left))
        }
      })
    }
    nest(
      code,
      keptAt.map((i) => axes[i]!.size),
      [input, output],
      () => {
        const blocks = Math.floor(width / 16)
        const rest = width - 16 * blocks
        if (blocks > 1) {
          code.repeat(blocks, 1, () => {
            block(4, 0, 16)
            code.add(input.local, 64)
            code.add(output.local, 64)
          })
          code.add(input.local, -64 * blocks)
          code.add(output.local, -64 * blocks)
        } else if (blocks === 1) block(4, 0, 16)
        if (rest > 0) block(Math.ceil(rest / 4), 64 * blocks, rest)
      },
    )
  })
}

/** The innermost axis goes. */
function reduceRows(code: Code, axes: readonly Axis[], from: number, to: number, combine: Combine): void {
  const strides = stridesOf(axes.map((axis) => axis.size)).map((s) => 4 * s)
  const length = axes.at(-1)!.size
  const kept = axes.flatMap((axis, i) => (axis.reduced ? [] : [i]))
  const reduced = axes.slice(0, -1).flatMap((axis, i) => (axis.reduced ? [i] : []))
  const short = length <= MAX_COLUMNS && reduced.length === 0 && kept.length === 1 && axes[kept[0]!]!.size >= 4
  if (short) {
    reduceShortRows(code, axes[kept[0]!]!.size, length, from, to, combine)
    return
  }
  const outStrides = stridesOf(kept.map((i) => axes[i]!.size)).map((s) => 4 * s)
  code.scope(() => {
    const input = pointer(
      code,
      from,
      kept.map((i) => strides[i]!),
    )
    const output = pointer(code, to, outStrides)
    nest(
      code,
      kept.map((i) => axes[i]!.size),
      [input, output],
      () => {
        code.scope(() => {
          const quads = Math.floor(length / 16)
          const accumulators = new Accumulators(code, combine, quads > 0 ? 4 : 1)
          accumulators.reset()
          const row = pointer(
            code,
            0,
            reduced.map((i) => strides[i]!),
          )
          code.get(input.local)
          code.set(row.local)
          nest(
            code,
            reduced.map((i) => axes[i]!.size),
            [row],
            () => {
              chunked(code, combine, 4, quads, accumulators, (into, times) => {
                code.repeat(times, 1, () => {
                  for (let i = 0; i < 4; i++) into.add(i, load('v128.load', get(row.local), 16 * i))
                  code.add(row.local, 64)
                })
              })
              let at = 0
              for (let rest = length - 16 * quads; rest > 0; rest -= 4, at += 16) {
                const value = load('v128.load', get(row.local), at)
                const mask = lanes(
                  [0, 1, 2, 3].map((lane) => (lane < rest ? -1 : 0)) as [number, number, number, number],
                )
                accumulators.add(0, rest >= 4 ? value : choose(mask, value, combine.identity))
              }
              code.add(row.local, -64 * quads)
            },
          )
          storePart(code, get(output.local), 0, joinLanes(code, combine, accumulators.joined()), 1)
        })
      },
    )
  })
}

/** Rows of up to eight elements: four rows side by side. */
function reduceShortRows(code: Code, rows: number, length: number, from: number, to: number, combine: Combine): void {
  const block = (input: Expr | undefined, output: Expr | undefined, skip: number, count: number): void => {
    code.scope(() => {
      const accumulators = new Accumulators(code, combine, 1)
      accumulators.reset()
      for (const column of loadColumns(code, input, from + 4 * length * skip, length)) accumulators.add(0, column)
      storePart(code, output, to + 4 * skip, accumulators.value(0), count)
    })
  }
  const blocks = Math.floor(rows / 4)
  code.scope(() => {
    const input = pointer(code, 0, [])
    code.repeat(blocks, 16, (output) => {
      block(get(input.local), output === undefined ? undefined : get(output), 0, 4)
      code.add(input.local, 16 * length)
    })
    if (rows % 4 !== 0) block(undefined, undefined, 4 * blocks, rows % 4)
  })
}

/** In double precision, as a product in TensorFlow.js: int32 wraps once, at the end. */
function integerProducts(lowering: Lowering, code: Code, axes: readonly Axis[], from: number, to: number): void {
  const strides = stridesOf(axes.map((axis) => axis.size)).map((s) => 4 * s)
  const pick = (reduced: boolean): number[] => axes.flatMap((axis, i) => (axis.reduced === reduced ? [i] : []))
  const kept = pick(false)
  const sizes = (at: readonly number[]): number[] => at.map((i) => axes[i]!.size)
  const input = pointer(
    code,
    from,
    kept.map((i) => strides[i]!),
  )
  const output = pointer(
    code,
    to,
    stridesOf(sizes(kept)).map((s) => 4 * s),
  )
  const product = code.local('f64')
  nest(code, sizes(kept), [input, output], () => {
    code.f64(1)
    code.set(product)
    const inner = pointer(
      code,
      0,
      pick(true).map((i) => strides[i]!),
    )
    code.get(input.local)
    code.set(inner.local)
    nest(code, sizes(pick(true)), [inner], () => {
      code.get(product)
      code.get(inner.local)
      code.memory('i32.load', 0)
      code.op('f64.convert_i32_s')
      code.op('f64.mul')
      code.set(product)
    })
    code.get(output.local)
    code.get(product)
    code.call(hostFunction(lowering.module, 'toInt32'))
    code.memory('i32.store', 0)
  })
}
