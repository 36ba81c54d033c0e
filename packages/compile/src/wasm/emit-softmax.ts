/** softmax and logSoftmax over the last axis; the largest of each row is subtracted first. */
import type { NodeId } from '../graph.ts'
import { elements } from './analysis.ts'
import type { Code, Expr } from './code.ts'
import { loadColumns, MAX_COLUMNS, storeColumns, storePart } from './columns.ts'
import { choose, f4, get, lanes, load, shuffle, splat } from './expr.ts'
import { addressOf, type Lowering, nodeOf } from './lowering.ts'
import { nest, pointer } from './nest.ts'
import { exp, log } from './vector-math.ts'

export function emitSoftmax(lowering: Lowering, code: Code, id: NodeId): void {
  const node = nodeOf(lowering, id)
  if (elements(node) === 0) return
  const width = node.shape.at(-1)!
  const rows = elements(node) / width
  const isLog = node.operation.op === 'logSoftmax'
  const from = addressOf(lowering, node.inputs[0]!)
  const to = lowering.memory.address(id)
  if (width <= MAX_COLUMNS) shortRows(code, rows, width, from, to, isLog)
  else longRows(code, rows, width, from, to, isLog)
}

/** Four rows side by side. */
function shortRows(code: Code, rows: number, width: number, from: number, to: number, isLog: boolean): void {
  const block = (address: Expr | undefined, skip: number, count: number): void => {
    code.scope(() => {
      const columns = loadColumns(code, address, from + skip, width)
      let largest = columns[0]!
      for (const column of columns.slice(1)) largest = code.let('v128', f4.pmax(largest, column))
      const shifted = columns.map((column) => code.let('v128', f4.sub(column, largest)))
      const powers = shifted.map((x) => code.let('v128', exp(code, x)))
      let sum = powers[0]!
      for (const power of powers.slice(1)) sum = code.let('v128', f4.add(sum, power))
      const logarithm = isLog ? code.let('v128', log(code, sum)) : undefined
      const results = columns.map((_, j) =>
        code.let('v128', logarithm === undefined ? f4.div(powers[j]!, sum) : f4.sub(shifted[j]!, logarithm)),
      )
      storeColumns(code, address, to + skip, results, count)
    })
  }
  const blocks = Math.floor(rows / 4)
  code.repeat(blocks, 16 * width, (at) => block(at === undefined ? undefined : get(at), 0, 4))
  if (rows % 4 !== 0) block(undefined, 16 * width * blocks, rows % 4)
}

/** Row by row. */
function longRows(code: Code, rows: number, width: number, from: number, to: number, isLog: boolean): void {
  const strides = [4 * width]
  const input = pointer(code, from, strides)
  const output = pointer(code, to, strides)
  const accumulator = code.local('v128')
  const NEGATIVE = splat(Number.NEGATIVE_INFINITY)
  const whole = Math.floor(width / 4)
  const rest = width % 4
  const mask = lanes([0, 1, 2, 3].map((lane) => (lane < rest ? -1 : 0)) as [number, number, number, number])
  /** Vectors of the row in order; lanes past its end hold -Infinity. */
  const each = (address: number, body: (x: Expr, offset: number, count: number) => void): void => {
    code.scope(() => {
      const at = code.local('i32')
      code.get(address)
      code.set(at)
      const offset = code.local('i32')
      code.i32(0)
      code.set(offset)
      code.repeat(whole, 1, () => {
        code.scope(() => {
          const x = code.let('v128', load('v128.load', get(at), 0))
          body(x, offset, 4)
        })
        code.add(at, 16)
        code.add(offset, 16)
      })
      if (rest > 0) {
        code.scope(() => body(code.let('v128', choose(mask, load('v128.load', get(at), 0), NEGATIVE)), offset, rest))
      }
    })
  }
  const across = (join: (a: Expr, b: Expr) => Expr): Expr => {
    const x = get(accumulator)
    const halves = code.let('v128', join(x, shuffle(x, x, [2, 3, 0, 1])))
    return code.let('v128', join(halves, shuffle(halves, halves, [1, 0, 3, 2])))
  }
  const start = (value: Expr): void => {
    value(code)
    code.set(accumulator)
  }
  const join = (value: Expr): void => {
    value(code)
    code.set(accumulator)
  }
  nest(code, [rows], [input, output], () => {
    code.scope(() => {
      start(NEGATIVE)
      each(input.local, (x) => join(f4.pmax(get(accumulator), x)))
      const largest = across(f4.pmax)
      start(splat(0))
      const put = (offset: number, value: Expr, count: number): void => {
        const target: Expr = (c) => {
          c.get(output.local)
          c.get(offset)
          c.op('i32.add')
        }
        storePart(code, target, 0, value, count)
      }
      each(input.local, (x, offset, count) => {
        const power = code.let('v128', exp(code, code.let('v128', f4.sub(x, largest))))
        join(f4.add(get(accumulator), power))
        if (!isLog) put(offset, power, count)
      })
      const sum = across(f4.add)
      const logarithm = isLog ? code.let('v128', log(code, sum)) : sum
      each(isLog ? input.local : output.local, (x, offset, count) => {
        const value = isLog ? f4.sub(f4.sub(x, largest), logarithm) : f4.div(x, sum)
        put(offset, code.let('v128', value), count)
      })
    })
  })
}
