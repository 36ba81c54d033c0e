/** Products with one to three columns: vectors run along k, four rows at a time. */
import type { Code, Expr, Local } from './code.ts'
import { storeColumns, transpose } from './columns.ts'
import { f4, get, lanes, load, shuffle, splat, store, v } from './expr.ts'
import { type Matrix, matrixPointer } from './matrix.ts'

export interface DotProduct {
  readonly m: number
  /** 1 to 3. */
  readonly n: number
  readonly k: number
  /** m x k */
  readonly a: Matrix
  /** k x n, or n x k when transposed. */
  readonly b: Matrix
  readonly c: Matrix
  readonly transposeB: boolean
  readonly bias: number | undefined
  /** The bias has one value per row instead of per column. */
  readonly biasByRow?: boolean
  readonly workspace: number
}

/** Columns of B are packed one after the other, each a whole number of vectors. */
export function dotWorkspace(n: number, k: number, transposeB: boolean): number {
  return transposeB || n === 1 ? 0 : 16 * Math.ceil(k / 4) * n
}

export function emitDotProduct(code: Code, product: DotProduct): void {
  code.scope(() => {
    const { m, n, k, transposeB, b, workspace } = product
    const packed = !transposeB && n > 1
    if (packed) pack(code, product)
    const columns = packed
      ? { base: workspace, pointer: undefined, stride: 16 * Math.ceil(k / 4) }
      : { ...b, stride: 4 * k }
    const row = code.local('i32')
    code.i32(0)
    code.set(row)
    const blocks = Math.floor(m / 4)
    code.repeat(blocks, 1, () => {
      rowsBlock(code, product, columns, row, 4)
      code.add(row, 1)
    })
    if (m % 4 > 0) rowsBlock(code, product, columns, row, m % 4)
  })
}

/** `row` counts blocks of four rows. */
function rowsBlock(
  code: Code,
  product: DotProduct,
  columns: Matrix & { stride: number },
  row: Local,
  rows: number,
): void {
  const { a, c, k, n } = product
  code.scope(() => {
    const pa = matrixPointer(code, a)
    scaled(code, pa, row, 16 * k)
    const pb = matrixPointer(code, columns)
    // One row: four sums per column, so that additions do not wait for each other.
    const ways = rows === 1 ? 4 : 1
    const sums = Array.from({ length: n * rows * ways }, () => {
      const sum = code.local('v128')
      splat(0)(code)
      code.set(sum)
      return sum
    })
    const rest = k % 4
    const mask = lanes([0, 1, 2, 3].map((lane) => (lane < rest ? -1 : 0)) as [number, number, number, number])
    const step = (offset: number, way: number, partial: boolean): void => {
      const guard = (x: Expr): Expr => (partial ? v.and(x, mask) : x)
      code.scope(() => {
        const right = Array.from({ length: n }, (_, j) =>
          code.let('v128', guard(load('v128.load', get(pb), columns.base + columns.stride * j + offset))),
        )
        for (let r = 0; r < rows; r++) {
          const left = code.let('v128', guard(load('v128.load', get(pa), a.base + 4 * k * r + offset)))
          for (let j = 0; j < n; j++) {
            const sum = sums[(r * n + j) * ways + way]!
            f4.add(get(sum), f4.mul(left, right[j]!))(code)
            code.set(sum)
          }
        }
      })
    }
    const whole = Math.floor(k / 4)
    const loops = Math.floor(whole / ways)
    code.repeat(loops, 1, () => {
      for (let way = 0; way < ways; way++) step(16 * way, way, false)
      code.add(pa, 16 * ways)
      code.add(pb, 16 * ways)
    })
    let offset = 0
    for (let i = loops * ways; i < whole; i++, offset += 16) step(offset, 0, false)
    if (rest > 0) step(offset, 0, true)

    const pc = matrixPointer(code, c)
    scaled(code, pc, row, 16 * n)
    const results = Array.from({ length: n }, (_, j) => {
      const parts = Array.from({ length: 4 }, (_, r) => {
        if (r >= rows) return splat(0)
        let sum: Expr = get(sums[(r * n + j) * ways]!)
        for (let way = 1; way < ways; way++) sum = f4.add(sum, get(sums[(r * n + j) * ways + way]!))
        return code.let('v128', sum)
      })
      const [x, y, z, w] = transpose(code, parts) as [Expr, Expr, Expr, Expr]
      return code.let('v128', f4.add(biasOf(product, code, row, j), f4.add(f4.add(x, y), f4.add(z, w))))
    })
    storeColumns(code, get(pc), c.base, results, rows)
  })
}

function biasOf({ bias, biasByRow }: DotProduct, code: Code, row: Local, column: number): Expr {
  if (bias === undefined) return splat(0)
  if (biasByRow !== true) return load('v128.load32_splat', undefined, bias + 4 * column)
  const at = code.local('i32')
  code.i32(0)
  code.set(at)
  scaled(code, at, row, 16)
  return load('v128.load', get(at), bias)
}

/** pointer += row * bytes */
function scaled(code: Code, pointer: Local, row: Local, bytes: number): void {
  code.get(pointer)
  code.get(row)
  code.i32(bytes)
  code.op('i32.mul')
  code.op('i32.add')
  code.set(pointer)
}

/** B's columns one after the other. */
function pack(code: Code, { b, k, n, workspace }: DotProduct): void {
  const stride = 16 * Math.ceil(k / 4)
  const from = matrixPointer(code, b)
  const to = code.local('i32')
  code.i32(0)
  code.set(to)
  const at = (offset: number): Expr => load('v128.load', get(from), b.base + offset)
  code.repeat(Math.ceil(k / 4), 1, () => {
    code.scope(() => {
      if (n === 2) {
        const [x, y] = [code.let('v128', at(0)), code.let('v128', at(16))]
        store(code, 'v128.store', get(to), workspace, shuffle(x, y, [0, 2, 4, 6]))
        store(code, 'v128.store', get(to), workspace + stride, shuffle(x, y, [1, 3, 5, 7]))
      } else {
        const [x, y, z] = [code.let('v128', at(0)), code.let('v128', at(16)), code.let('v128', at(32))]
        // x = a0 b0 c0 a1, y = b1 c1 a2 b2, z = c2 a3 b3 c3
        const part = (u: Expr, w: Expr, p: [number, number, number, number]): Expr => code.let('v128', shuffle(u, w, p))
        store(code, 'v128.store', get(to), workspace, shuffle(part(x, y, [0, 3, 6, 6]), z, [0, 1, 2, 5]))
        store(code, 'v128.store', get(to), workspace + stride, shuffle(part(x, y, [1, 4, 7, 7]), z, [0, 1, 2, 6]))
        store(code, 'v128.store', get(to), workspace + 2 * stride, shuffle(part(x, y, [2, 5, 5, 5]), z, [0, 1, 4, 7]))
      }
      code.add(from, 16 * n)
      code.add(to, 16)
    })
  })
}
