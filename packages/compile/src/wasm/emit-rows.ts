/** gather and scatterAdd: rows by index. An index outside reads zeros, and adds nothing. */
import type { NodeId } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { elements } from './analysis.ts'
import type { Code, Expr } from './code.ts'
import { storePart } from './columns.ts'
import { f4, get, i4, load, splatInt } from './expr.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import { nest, pointer } from './nest.ts'
import { emitWalk } from './walk.ts'

export function emitGather(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  const { operation } = node
  if (operation.op !== 'gather' || elements(node) === 0) return
  const { axis, batchDims } = operation
  const values = nodeOf(lowering, node.inputs[0]!)
  const indices = nodeOf(lowering, node.inputs[1]!)
  const batch = sizeOf(values.shape.slice(0, batchDims))
  const outer = sizeOf(values.shape.slice(batchDims, axis))
  const length = values.shape[axis]!
  const inner = sizeOf(values.shape.slice(axis + 1))
  const picks = sizeOf(indices.shape.slice(batchDims))
  const slab = length * inner
  const source = pointer(code, addressOf(lowering, node.inputs[0]!), [4 * outer * slab, 4 * slab, 0])
  const index = pointer(code, addressOf(lowering, node.inputs[1]!), [4 * picks, 0, 4])
  const output = pointer(code, lowering.memory.address(id), [4 * outer * picks * inner, 4 * picks * inner, 4 * inner])
  const row = code.local('i32')
  nest(code, [batch, outer, picks], [source, index, output], () => {
    loadRow(code, get(index.local), row, length)
    code.if(
      () => {
        rowAddress(code, row, inner, get(source.local))
        eachVector(code, inner, [row, output.local], ([from, to], offset, count) => {
          storePart(code, get(to!), offset, load('v128.load', get(from!), offset), count)
        })
      },
      () => {
        eachVector(code, inner, [output.local], ([to], offset, count) => {
          storePart(code, get(to!), offset, splatInt(0), count)
        })
      },
    )
  })
}

export function emitScatterAdd(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  if (elements(node) === 0) return
  const base = lowering.memory.address(id)
  emitWalk(code, {
    sizes: [elements(node)],
    reads: [],
    writes: [{ base, strides: [1] }],
    body: () => [splatInt(0)],
    overrun: false,
    weight: 1,
  })
  const rows = node.shape[0]!
  const inner = sizeOf(node.shape.slice(1))
  const count = nodeOf(lowering, node.inputs[1]!).shape[0]!
  if (count === 0) return
  const source = pointer(code, addressOf(lowering, node.inputs[0]!), [4 * inner])
  const index = pointer(code, addressOf(lowering, node.inputs[1]!), [4])
  const row = code.local('i32')
  const add = node.dtype === 'float32' ? f4.add : i4.add
  nest(code, [count], [source, index], () => {
    loadRow(code, get(index.local), row, rows)
    code.if(() => {
      rowAddress(code, row, inner, (c) => c.i32(base))
      eachVector(code, inner, [source.local, row], ([from, to], offset, lanes) => {
        const sum = code.let('v128', add(load('v128.load', get(to!), offset), load('v128.load', get(from!), offset)))
        storePart(code, get(to!), offset, sum, lanes)
      })
    })
  })
}

/** Puts the index in `row` and whether it is one of `rows` on the stack. */
function loadRow(code: Code, index: Expr, row: number, rows: number): void {
  load('i32.load', index, 0)(code)
  code.tee(row)
  code.i32(rows)
  code.op('i32.lt_u')
}

function rowAddress(code: Code, row: number, inner: number, base: Expr): void {
  code.get(row)
  code.i32(4 * inner)
  code.op('i32.mul')
  base(code)
  code.op('i32.add')
  code.set(row)
}

/** Runs `body` over `length` elements in vectors; the pointers are where they were afterwards. */
function eachVector(
  code: Code,
  length: number,
  pointers: readonly number[],
  body: (pointers: readonly number[], offset: number, count: number) => void,
): void {
  const whole = Math.floor(length / 4)
  code.scope(() => {
    if (whole <= 4) {
      for (let i = 0; i < whole; i++) body(pointers, 16 * i, 4)
      if (length % 4 > 0) body(pointers, 16 * whole, length % 4)
      return
    }
    const moving = pointers.map((local) => {
      const copy = code.local('i32')
      code.get(local)
      code.set(copy)
      return copy
    })
    code.repeat(whole, 1, () => {
      body(moving, 0, 4)
      for (const local of moving) code.add(local, 16)
    })
    if (length % 4 > 0) body(moving, 0, length % 4)
  })
}
