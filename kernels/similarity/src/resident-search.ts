/**
 * Top-k in a memory that stays where the matrix product is computed. The product is never written out: it returns the
 * largest key of every block of rows, and only blocks that can hold one of the k nearest are looked at, in double
 * precision. The maxima bound the keys from above, so the result is that of the reference whatever they are.
 */
import { BlockScan, END, LEADING, PIECE } from './block-scan.ts'
import { type Metric, squaredNorm } from './metric.ts'
import { Nearest } from './nearest.ts'
import { BLOCK, ProductMemory } from './product.ts'
import { checkMask, emptyTopK, type TopK, type TopKInput } from './select.ts'

interface Input extends TopKInput {
  readonly queries: Float32Array
  readonly memory: Float32Array
}

/** Squared norms below this: products of float32 neither overflow nor are NaN. */
const TAME = 1e36
/** What products near the least float32 may lose. */
const TINY = 1e-36
/** 1 less what a few roundings may have added. */
const NEARLY = 1 - 2 ** -48

export class ResidentSearch {
  readonly width: number
  readonly metric: Metric
  #product: ProductMemory | undefined
  readonly #scan: BlockScan
  /** |m|^2 of each row. */
  #squares = new Float64Array(0)
  #largestSquare = 0

  constructor(width: number, metric: Metric) {
    this.width = width
    this.metric = metric
    this.#scan = new BlockScan(width)
  }

  /** Where the product runs, and why not on ONNX Runtime. */
  get target(): string {
    return this.#product!.target
  }
  get fallbackReason(): string | null {
    return this.#product!.fallbackReason
  }

  /** Whether all values are such that products bound them: finite, and not so large that float32 overflows. */
  takes(queries: Float32Array): boolean {
    if (!(this.#largestSquare < TAME)) return false
    for (let a = 0; a < queries.length / this.width; a++)
      if (!(squaredNorm(queries, a, this.width) < TAME)) return false
    return true
  }

  /**
   * Copies the memory in such a form that the key is larger for nearer rows: products with unit rows for `cosine`; for `l2`
   * with a term of -|m|^2 / 2, since q m - |m|^2 / 2 = (|q|^2 - distance^2) / 2.
   */
  async load(memory: Float32Array): Promise<void> {
    const count = memory.length / this.width
    const kept = this.#product
    const fits = kept !== undefined && count <= kept.rows && count > kept.rows / 2
    // A little room: an index grows row by row.
    const rows = fits ? kept.rows : BLOCK * Math.ceil((count * 1.03125 + 1) / BLOCK)
    const data = this.#transformed(memory, rows)
    const terms = this.metric === 'l2' ? this.#terms(rows) : undefined
    if (fits) return kept.write(data, terms)
    kept?.dispose()
    this.#product = undefined
    this.#product = await ProductMemory.create(data, this.width, 'best', terms)
  }

  /** Of the memory that was loaded. @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
  async topK(input: Input): Promise<TopK> {
    const { queries, k, mask } = input
    const count = queries.length / this.width
    const rows = this.#squares.length
    const result = emptyTopK(count, k)
    checkMask(mask, count, rows)
    const nearest = new Nearest(k)
    for (let from = 0; from < count; from += ProductMemory.queries) {
      const to = Math.min(count, from + ProductMemory.queries)
      const maxima = await this.#product!.best(queries.subarray(from * this.width, to * this.width))
      const blocks = this.#product!.rows / BLOCK
      for (let a = from; a < to; a++) {
        nearest.clear()
        this.#search(input, a, maxima.subarray((a - from) * blocks, (a - from + 1) * blocks), nearest)
        for (let i = 0; i < nearest.size; i++) {
          result.indices[a * k + i] = nearest.rows[i]!
          result.values[a * k + i] = this.metric === 'l2' ? -nearest.keys[i]! : nearest.keys[i]!
        }
      }
    }
    return result
  }

  dispose(): void {
    this.#product?.dispose()
    this.#product = undefined
  }

  /** [rows, width], and the squared norms. */
  #transformed(memory: Float32Array, rows: number): Float32Array {
    const { width, metric } = this
    const scan = this.#scan
    const count = memory.length / width
    const data = new Float32Array(rows * width)
    if (metric !== 'cosine') data.set(memory)
    this.#squares = new Float64Array(count)
    this.#largestSquare = 0
    for (let first = 0; first < count; first += BLOCK) {
      const some = Math.min(BLOCK, count - first)
      scan.rows.set(memory.subarray(first * width, (first + some) * width))
      scan.squares(some)
      for (let i = 0; i < some; i++) {
        const square = scan.results[i]!
        this.#squares[first + i] = square
        this.#largestSquare = square < TAME ? Math.max(this.#largestSquare, square) : Number.POSITIVE_INFINITY
        if (metric === 'cosine') scan.scale(i, square === 0 ? 0 : 1 / Math.sqrt(square))
      }
      if (metric === 'cosine') data.set(scan.rows.subarray(0, some * width), first * width)
    }
    return data
  }

  #terms(rows: number): Float32Array {
    // Rows of the room that is left are far from everything.
    const terms = new Float32Array(rows).fill(-1e37)
    for (let row = 0; row < this.#squares.length; row++) terms[row] = -this.#squares[row]! / 2
    return terms
  }

  /** Query `a`, whose blocks have these maxima, into `nearest`. */
  #search(input: Input, a: number, maxima: Float32Array, nearest: Nearest): void {
    const { width } = this
    const scan = this.#scan
    const blocks = Math.ceil(this.#squares.length / BLOCK)
    const square = squaredNorm(input.queries, a, width)
    scan.query.set(input.queries.subarray(a * width, (a + 1) * width))
    let leading = 0
    for (let from = 0; from < blocks; from += PIECE)
      leading = scan.lead(this.#piece(maxima, from, blocks), leading, Math.min(input.k, LEADING), from)
    let seen = 0
    while (seen < leading && scan.leadingKeys[seen]! > this.#limit(nearest.worst, square))
      this.#look(input, a, square, scan.leadingBlocks[seen++]!, nearest)
    // Then all others whose bound is not below what was found.
    let limit = this.#limit(nearest.worst, square)
    for (let from = 0; from < blocks; from += PIECE) {
      const count = blocks > PIECE ? this.#piece(maxima, from, blocks) : blocks
      for (let i = 0; i < seen; i++) {
        const b = scan.leadingBlocks[i]! - from
        if (b >= 0 && b < count) scan.maxima[b] = Number.NEGATIVE_INFINITY
      }
      for (let b = scan.next(0, count, limit); b < count; b = scan.next(b + 1, count, limit)) {
        this.#look(input, a, square, from + b, nearest)
        limit = this.#limit(nearest.worst, square)
      }
    }
  }

  /** Hands a piece of the maxima to `next`; how many they are. */
  #piece(maxima: Float32Array, from: number, blocks: number): number {
    const count = Math.min(PIECE, blocks - from)
    this.#scan.maxima.set(maxima.subarray(from, from + count))
    this.#scan.maxima.fill(Number.POSITIVE_INFINITY, count, count + END)
    return count
  }

  /** Less than any product that a row with this key can have: float32 may have lost width x epsilon of the norms. */
  #limit(key: number, square: number): number {
    if (key === Number.NEGATIVE_INFINITY) return key
    const norm = Math.sqrt(square)
    const largest = Math.sqrt(this.#largestSquare)
    const lost = 2 ** -23 * (this.width + 8)
    if (this.metric === 'cosine') return norm * (key - lost) - TINY
    if (this.metric === 'dot') return key - lost * norm * largest - TINY
    return (square - key ** 2) / 2 - lost * largest * (norm + largest / 2) - TINY
  }

  /** Offers the rows of a block with their exact keys: `pairValue`, negative for `l2`, with the norms known. */
  #look({ memory, mask }: Input, a: number, square: number, block: number, nearest: Nearest): void {
    const { metric, width } = this
    const scan = this.#scan
    const rows = this.#squares.length
    const first = block * BLOCK
    const count = Math.min(BLOCK, rows - first)
    const masked = mask !== undefined && mask.length !== rows ? a * rows : 0
    scan.rows.set(memory.subarray(first * width, (first + count) * width))
    if (metric === 'l2') scan.distances(count)
    else scan.products(count)
    const { results } = scan
    const squares = this.#squares
    for (let i = 0; i < count; i++) {
      if (mask !== undefined && !mask[masked + first + i]) continue
      const result = results[i]!
      const { worst } = nearest
      if (metric === 'dot') {
        if (result >= worst) nearest.offer(result, first + i)
      } else if (metric === 'l2') {
        // First without a root: most rows of a block are far.
        if (result * NEARLY <= worst * worst) nearest.offer(-Math.sqrt(result), first + i)
      } else {
        const both = square * squares[first + i]!
        if (worst > 0 && result * Math.abs(result) < worst * worst * both * NEARLY) continue
        const norms = Math.sqrt(both)
        nearest.offer(norms === 0 ? 0 : result / norms, first + i)
      }
    }
  }
}
