/** Vectors that are not four neighbours in a row: parts of one, and the columns of four short rows. */
import type { Code, Expr } from './code.ts'
import { load, shuffle } from './expr.ts'

/** Longest row that is worth it. */
export const MAX_COLUMNS = 8

/** Column j of four rows of `width` elements at `address` + `base`: one vector per column. */
export function loadColumns(code: Code, address: Expr | undefined, base: number, width: number): Expr[] {
  const vector = (index: number): Expr => code.let('v128', load('v128.load', address, base + 16 * index))
  if (width === 1) return [vector(0)]
  if (width === 2) {
    const [a, b] = [vector(0), vector(1)]
    return [code.let('v128', shuffle(a, b, [0, 2, 4, 6])), code.let('v128', shuffle(a, b, [1, 3, 5, 7]))]
  }
  if (width === 4) return transpose(code, [vector(0), vector(1), vector(2), vector(3)])
  return Array.from({ length: width }, (_, column) => {
    const local = code.local('v128')
    load('v128.load32_zero', address, base + 4 * column)(code)
    code.set(local)
    for (let row = 1; row < 4; row++) {
      if (address === undefined) code.i32(0)
      else address(code)
      code.get(local)
      code.laneMemory('v128.load32_lane', base + 4 * (row * width + column), row)
      code.set(local)
    }
    return (c: Code) => c.get(local)
  })
}

/** The opposite, for the first `rows` rows. */
export function storeColumns(
  code: Code,
  address: Expr | undefined,
  base: number,
  columns: readonly Expr[],
  rows: number,
): void {
  const width = columns.length
  const put = (vector: Expr, index: number): void => {
    if (address === undefined) code.i32(0)
    else address(code)
    vector(code)
    code.memory('v128.store', base + 16 * index)
  }
  if (rows === 4 && width === 1) put(columns[0]!, 0)
  else if (rows === 4 && width === 2) {
    put(shuffle(columns[0]!, columns[1]!, [0, 4, 1, 5]), 0)
    put(shuffle(columns[0]!, columns[1]!, [2, 6, 3, 7]), 1)
  } else if (rows === 4 && width === 4) transpose(code, columns).forEach(put)
  else {
    columns.forEach((column, j) => {
      for (let row = 0; row < rows; row++) {
        if (address === undefined) code.i32(0)
        else address(code)
        column(code)
        code.laneMemory('v128.store32_lane', base + 4 * (row * width + j), row)
      }
    })
  }
}

/** 4 x 4 in registers. */
export function transpose(code: Code, rows: readonly Expr[]): Expr[] {
  const [a, b, c, d] = rows as [Expr, Expr, Expr, Expr]
  const pair = (x: Expr, y: Expr, picked: [number, number, number, number]): Expr =>
    code.let('v128', shuffle(x, y, picked))
  const ab = pair(a, b, [0, 4, 1, 5])
  const cd = pair(c, d, [0, 4, 1, 5])
  const abHigh = pair(a, b, [2, 6, 3, 7])
  const cdHigh = pair(c, d, [2, 6, 3, 7])
  return [
    pair(ab, cd, [0, 1, 4, 5]),
    pair(ab, cd, [2, 3, 6, 7]),
    pair(abHigh, cdHigh, [0, 1, 4, 5]),
    pair(abHigh, cdHigh, [2, 3, 6, 7]),
  ]
}

/** Stores the first `count` lanes. */
export function storePart(code: Code, address: Expr | undefined, offset: number, value: Expr, count: number): void {
  const at = (): void => {
    if (address === undefined) code.i32(0)
    else address(code)
    value(code)
  }
  if (count >= 4) {
    at()
    code.memory('v128.store', offset)
    return
  }
  if (count >= 2) {
    at()
    code.laneMemory('v128.store64_lane', offset, 0)
  }
  if (count % 2 === 1) {
    at()
    code.laneMemory('v128.store32_lane', offset + 4 * (count - 1), count - 1)
  }
}
