/**
 * C = A B or A^T B or A B^T in register tiles. B goes through panels of eight columns; a panel is packed when B is
 * transposed, or when its rows are so far apart that they would evict each other from the first-level cache; A^T likewise.
 *
 * Between two steps along k stands a jump out of the loop that is never taken. TurboFan (Node.js 20 and 22) orders a block
 * by data flow: it would load the operands of all its steps first, far more than there are registers. Where V8 is told to
 * join vectors in pairs (--experimental-wasm-revectorize) the steps are not unrolled: in Node.js 22 it fails at the jumps.
 */
import type { Code, Expr, Local } from './code.ts'
import { storePart, transpose } from './columns.ts'
import { f4, get, lanes, load, store } from './expr.ts'
import { type Matrix, matrixPointer } from './matrix.ts'
import { aligned } from './memory.ts'

export interface TileProblem {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transposeA: boolean
  readonly transposeB: boolean
}

export interface TileProduct extends TileProblem {
  readonly a: Matrix
  readonly b: Matrix
  readonly c: Matrix
  /** Address of a row added to every row of the result, or with `storeTransposed` a column. */
  readonly bias: number | undefined
  readonly workspace: number
  /** Writes C^T: element (i, j) at j m + i. */
  readonly storeTransposed: boolean
}

const PACK_FROM = 64
const MAX_UNROLLED_K = 4
/** Steps along k per iteration. The order of additions does not depend on it. */
const UNROLL = joinsVectors() ? 1 : 8

function joinsVectors(): boolean {
  const { process } = globalThis as { process?: { execArgv?: readonly string[] } }
  return process?.execArgv?.includes('--experimental-wasm-revectorize') ?? false
}

/** Rows and vectors per tile: eight accumulators, or what the number of rows allows. */
function tileOf(m: number): [rows: number, vectors: number] {
  if (m === 1) return [1, 8]
  if (m === 2) return [2, 4]
  return [Math.min(4, m), 2]
}

function packsB({ m, n, transposeB }: TileProblem): boolean {
  return transposeB || (n >= PACK_FROM && m >= 16)
}

function packsA({ m, n, transposeA }: TileProblem): boolean {
  return transposeA && m >= PACK_FROM && n >= 16
}

export function tileWorkspace(problem: TileProblem): number {
  const { m, n, k } = problem
  const columns = Math.min(4 * tileOf(m)[1], n)
  const panel = packsB(problem) ? aligned(16 * Math.ceil(columns / 4) * k + 64) : 0
  return panel + (packsA(problem) ? aligned(16 * Math.ceil(m / 4) * k) : 0)
}

export function emitTileProduct(code: Code, product: TileProduct): void {
  code.scope(() => new Tiles(code, product).emit())
}

class Tiles {
  readonly #code: Code
  readonly #p: TileProduct
  readonly #packedA: number | undefined
  /** Byte offset of the panel's first column in a row of B, and of the tile's first row in A and C. */
  readonly #column: Local
  readonly #rowA: Local
  readonly #rowC: Local

  constructor(code: Code, product: TileProduct) {
    this.#code = code
    this.#p = product
    const panel = packsB(product) ? tileWorkspace({ ...product, transposeA: false }) : 0
    this.#packedA = packsA(product) && product.workspace > 0 ? product.workspace + panel : undefined
    this.#column = code.local('i32')
    this.#rowA = code.local('i32')
    this.#rowC = code.local('i32')
  }

  emit(): void {
    const code = this.#code
    const { m, n } = this.#p
    if (this.#packedA !== undefined) this.#packA(this.#packedA)
    const [, vectors] = tileOf(m)
    const width = 4 * vectors
    const panels = Math.floor(n / width)
    code.i32(0)
    code.set(this.#column)
    code.repeat(panels, 1, () => {
      this.#panel(vectors, width)
      code.add(this.#column, 4 * width)
    })
    const rest = n - panels * width
    if (rest > 0) this.#panel(Math.ceil(rest / 4), rest)
  }

  #panel(vectors: number, count: number): void {
    const code = this.#code
    const { m, k } = this.#p
    const [rows] = tileOf(m)
    const packed = packsB(this.#p) && this.#p.workspace > 0
    if (packed) this.#packB(vectors, count)
    const { row: strideA } = this.#stepsA()
    const strideC = this.#p.storeTransposed ? 4 : 4 * this.#p.n
    const tiles = Math.floor(m / rows)
    for (const local of [this.#rowA, this.#rowC]) {
      code.i32(0)
      code.set(local)
    }
    code.repeat(tiles, 1, () => {
      this.#tile(rows, vectors, count, packed)
      code.add(this.#rowA, this.#packedA === undefined ? rows * strideA : 16 * k)
      code.add(this.#rowC, rows * strideC)
    })
    if (m % rows !== 0) this.#tile(m % rows, vectors, count, packed)
  }

  /** Bytes between rows of A and between steps along k. */
  #stepsA(): { row: number; step: number } {
    const { m, k, transposeA } = this.#p
    if (this.#packedA !== undefined) return { row: 4, step: 16 }
    return transposeA ? { row: 4, step: 4 * m } : { row: 4 * k, step: 4 }
  }

  #tile(rows: number, vectors: number, count: number, packed: boolean): void {
    const code = this.#code
    const { a, b, c, k, m, n, bias, storeTransposed, workspace } = this.#p
    const stepsA = this.#stepsA()
    code.scope(() => {
      const sums = Array.from({ length: rows }, (_, r) =>
        Array.from({ length: vectors }, (_, v) => {
          const sum = code.local('v128')
          this.#initial(r, v, bias)(code)
          code.set(sum)
          return sum
        }),
      )
      const pa = matrixPointer(code, this.#packedA === undefined ? a : { base: this.#packedA, pointer: undefined })
      this.#move(pa, this.#rowA)
      const pb = matrixPointer(code, packed ? { base: workspace, pointer: undefined } : b)
      if (!packed) this.#move(pb, this.#column)
      const baseA = this.#packedA ?? a.base
      const baseB = packed ? workspace : b.base
      const stepB = packed ? 16 * vectors : 4 * n
      const step = (offsetA: number, offsetB: number): void => {
        code.scope(() => {
          const rightAt = (v: number): Expr => load('v128.load', get(pb), baseB + offsetB + 16 * v)
          const leftAt = (r: number): Expr => load('v128.load32_splat', get(pa), baseA + offsetA + r * stepsA.row)
          const accumulate = (r: number, v: number, left: Expr, right: Expr): void => {
            f4.add(get(sums[r]![v]!), f4.mul(left, right))(code)
            code.set(sums[r]![v]!)
          }
          if (rows === 1) {
            // Each vector of B is used once: holding them all would leave too few registers.
            const left = code.let('v128', leftAt(0))
            for (let v = 0; v < vectors; v++) accumulate(0, v, left, rightAt(v))
            return
          }
          const right = Array.from({ length: vectors }, (_, v) => code.let('v128', rightAt(v)))
          for (let r = 0; r < rows; r++) {
            const left = code.let('v128', leftAt(r))
            for (let v = 0; v < vectors; v++) accumulate(r, v, left, right[v]!)
          }
        })
      }
      const steps = (count: number, leave: () => void): void => {
        for (let u = 0; u < count; u++) {
          if (u > 0) {
            // Addresses of elements are even.
            code.get(pa)
            code.i32(1 - 2 * u)
            code.op('i32.eq')
            leave()
          }
          step(u * stepsA.step, u * stepB)
        }
      }
      if (k <= MAX_UNROLLED_K) code.block((leave) => steps(k, () => leave(0)))
      else {
        const end = code.local('i32')
        const loop = (count: number, unrolled: number): void => {
          if (count === 0) return
          code.get(pb)
          code.i32(count * stepB)
          code.op('i32.add')
          code.set(end)
          code.block((leave) => {
            code.until(pb, unrolled * stepB, end, () => {
              steps(unrolled, () => leave(1))
              code.add(pa, unrolled * stepsA.step)
            })
          })
        }
        loop(k - (k % UNROLL), UNROLL)
        loop(k % UNROLL, 1)
      }
      const pc = matrixPointer(code, c)
      this.#move(pc, this.#rowC)
      if (!storeTransposed) this.#move(pc, this.#column)
      else {
        // Column j of the product is row j of C.
        code.get(pc)
        code.get(this.#column)
        code.i32(m)
        code.op('i32.mul')
        code.op('i32.add')
        code.set(pc)
      }
      for (let r = 0; r < rows; r++) {
        for (let v = 0; v < vectors; v++) {
          const left = Math.min(4, count - 4 * v)
          const value = get(sums[r]![v]!)
          if (!storeTransposed) storePart(code, get(pc), c.base + r * 4 * n + 16 * v, value, left)
          else {
            for (let lane = 0; lane < left; lane++) {
              code.get(pc)
              value(code)
              code.laneMemory('v128.store32_lane', c.base + 4 * r + 4 * m * (4 * v + lane), lane)
            }
          }
        }
      }
    })
  }

  #initial(row: number, vector: number, bias: number | undefined): Expr {
    if (bias === undefined) return lanes([0, 0, 0, 0])
    if (this.#p.storeTransposed) return load('v128.load32_splat', get(this.#rowC), bias + 4 * row)
    return load('v128.load', get(this.#column), bias + 16 * vector)
  }

  #move(pointer: Local, by: Local): void {
    this.#code.get(pointer)
    this.#code.get(by)
    this.#code.op('i32.add')
    this.#code.set(pointer)
  }

  /** The panel's columns, row by row, side by side in the workspace. */
  #packB(vectors: number, count: number): void {
    const code = this.#code
    const { b, k, n, transposeB, workspace } = this.#p
    code.scope(() => {
      const from = matrixPointer(code, b)
      const to = code.local('i32')
      code.i32(0)
      code.set(to)
      if (!transposeB) {
        this.#move(from, this.#column)
        code.repeat(k, 1, () => {
          for (let v = 0; v < vectors; v++) {
            store(code, 'v128.store', get(to), workspace + 16 * v, load('v128.load', get(from), b.base + 16 * v))
          }
          code.add(from, 4 * n)
          code.add(to, 16 * vectors)
        })
        return
      }
      // Row j of B is column j: four rows of four become four columns.
      code.get(from)
      code.get(this.#column)
      code.i32(k)
      code.op('i32.mul')
      code.op('i32.add')
      code.set(from)
      const block = (steps: number): void => {
        for (let v = 0; v < vectors; v++) {
          code.scope(() => {
            const rows = [0, 1, 2, 3].map((lane) => {
              const row = Math.min(4 * v + lane, count - 1)
              return code.let('v128', load('v128.load', get(from), b.base + 4 * k * row))
            })
            transpose(code, rows)
              .slice(0, steps)
              .forEach((column, p) => {
                store(code, 'v128.store', get(to), workspace + 16 * (vectors * p + v), column)
              })
          })
        }
      }
      code.repeat(Math.floor(k / 4), 1, () => {
        block(4)
        code.add(from, 16)
        code.add(to, 64 * vectors)
      })
      if (k % 4 > 0) block(k % 4)
    })
  }

  /** Four rows of A^T at a time, side by side for each step along k. */
  #packA(address: number): void {
    const code = this.#code
    const { a, m, k } = this.#p
    code.scope(() => {
      const from = matrixPointer(code, a)
      const to = code.local('i32')
      code.i32(0)
      code.set(to)
      const tiles = Math.ceil(m / 4)
      code.repeat(tiles, 1, () => {
        code.repeat(k, 1, () => {
          store(code, 'v128.store', get(to), address, load('v128.load', get(from), a.base))
          code.add(from, 4 * m)
          code.add(to, 16)
        })
        code.add(from, 16 - 4 * m * k)
      })
    })
  }
}
