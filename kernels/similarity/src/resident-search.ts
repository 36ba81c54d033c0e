/**
 * Top-k in a memory that stays where the matrix product is computed. The product is never written out: it returns the
 * largest key of every block of rows, and only blocks that can hold one of the k nearest are looked at, in double
 * precision. The maxima bound the keys from above, so the result is exact whatever they are.
 */
import { joinTopK } from './kernels.ts'
import { type Metric, squaredNorm } from './metric.ts'
import { BLOCK, ProductMemory } from './product.ts'
import { eachBatch } from './product-kernels.ts'
import { selectTopK, type TopK, type TopKInput } from './select.ts'

interface Input extends TopKInput {
  readonly queries: Float32Array
  readonly memory: Float32Array
}

export class ResidentSearch {
  readonly #width: number
  readonly #metric: Metric
  #product: ProductMemory | undefined
  /** |m|^2 of each row. */
  #squares = new Float64Array(0)

  constructor(width: number, metric: Metric) {
    this.#width = width
    this.#metric = metric
  }

  /**
   * Copies the memory in such a form that the product is larger for nearer rows: unit rows for `cosine`; for `l2` a last
   * element of -|m|^2 / 2, since q m - |m|^2 / 2 = (|q|^2 - distance^2) / 2.
   */
  async load(memory: Float32Array): Promise<void> {
    const count = memory.length / this.#width
    const kept = this.#product
    const fits = kept !== undefined && count <= kept.rows && count > kept.rows / 2
    // A little room: an index grows row by row.
    const rows = fits ? kept.rows : BLOCK * Math.ceil((count * 1.03125 + 1) / BLOCK)
    const data = this.#transformed(memory, rows)
    if (fits) return kept.write(data)
    kept?.dispose()
    this.#product = undefined
    this.#product = await ProductMemory.create(data, this.#productWidth, 'best')
  }

  /** @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
  async topK(input: Input): Promise<TopK> {
    const rows = input.memory.length / this.#width
    const product = this.#product!
    const outputs: TopK[] = []
    const count = input.queries.length / this.#width
    for (let from = 0; from < count; from += ProductMemory.queries) {
      const queries = input.queries.subarray(from * this.#width, (from + ProductMemory.queries) * this.#width)
      const some = { ...input, queries }
      const transformed = this.#queries(queries)
      if (input.mask === undefined && queries.every(Number.isFinite)) {
        outputs.push(this.#fromMaxima(some, await product.best(transformed), product.rows / BLOCK, rows))
      } else {
        await eachBatch(product, transformed, ({ data, stride }) => {
          outputs.push(selectTopK(some, { kind: 'keys', data, stride }, rows))
        })
      }
    }
    return joinTopK(outputs)
  }

  dispose(): void {
    this.#product?.dispose()
    this.#product = undefined
  }

  get #productWidth(): number {
    return this.#metric === 'l2' ? this.#width + 1 : this.#width
  }

  #transformed(memory: Float32Array, rows: number): Float32Array {
    const [width, wide] = [this.#width, this.#productWidth]
    const data = new Float32Array(rows * wide)
    const count = memory.length / width
    this.#squares = new Float64Array(count)
    if (this.#metric === 'dot') {
      data.set(memory)
      return data
    }
    for (let row = 0; row < count; row++) {
      const square = squaredNorm(memory, row, width)
      this.#squares[row] = square
      const scale = this.#metric === 'l2' ? 1 : square === 0 ? 0 : 1 / Math.sqrt(square)
      for (let k = 0; k < width; k++) data[row * wide + k] = memory[row * width + k]! * scale
      if (this.#metric === 'l2') data[row * wide + width] = -square / 2
    }
    // Rows of the room that is left are far from everything.
    if (this.#metric === 'l2') for (let row = count; row < rows; row++) data[row * wide + width] = -1e30
    return data
  }

  #queries(queries: Float32Array): Float32Array {
    if (this.#metric !== 'l2') return queries
    const [width, wide] = [this.#width, this.#productWidth]
    const out = new Float32Array((queries.length / width) * wide).fill(1)
    for (let a = 0; a < queries.length / width; a++) out.set(queries.subarray(a * width, (a + 1) * width), a * wide)
    return out
  }

  #fromMaxima(input: Input, maxima: Float32Array, blocks: number, rows: number): TopK {
    const { queries, memory, width, metric, k } = input
    // Checks k, and gives the arrays.
    const result = selectTopK({ ...input, memory: [] }, { kind: 'keys', data: maxima, stride: 0 }, 0)
    const first = new Int32Array(k)
    const keys = new Float64Array(k)
    const nearest = new Nearest(k)
    for (let a = 0; a < queries.length / width; a++) {
      const from = a * blocks
      const square = squaredNorm(queries, a, width)
      let held = 0
      for (let b = 0; b < blocks; b++) {
        const key = maxima[from + b]!
        if (held === k && key <= keys[k - 1]!) continue
        let at = held < k ? held++ : k - 1
        while (at > 0 && keys[at - 1]! < key) {
          keys[at] = keys[at - 1]!
          first[at] = first[at - 1]!
          at--
        }
        keys[at] = key
        first[at] = b
      }
      nearest.clear()
      const look = (block: number) => {
        for (let row = block; row < rows; row += blocks)
          nearest.offer(exactKey(metric, width, queries, a, memory, row, square * this.#squares[row]!), row)
      }
      for (let i = 0; i < held; i++) look(first[i]!)
      // The rest, where its bound is not below what was found; float32 may have lost a little of it.
      const worst = nearest.worst
      const bound =
        metric === 'dot' ? worst : metric === 'cosine' ? worst * Math.sqrt(square) : (square - worst ** 2) / 2
      const scale = metric === 'cosine' ? Math.sqrt(square) : Math.max(Math.abs(bound), square)
      const limit = worst === Number.NEGATIVE_INFINITY ? worst : bound - 1e-5 * scale
      for (let b = 0; b < blocks; b++) {
        if (maxima[from + b]! < limit) continue
        let seen = false
        for (let i = 0; i < held; i++) if (first[i] === b) seen = true
        if (!seen) look(b)
      }
      for (let i = 0; i < nearest.size; i++) {
        result.indices[a * k + i] = nearest.rows[i]!
        result.values[a * k + i] = metric === 'l2' ? -nearest.keys[i]! : nearest.keys[i]!
      }
    }
    return result
  }
}

/** `pairValue`, negative for `l2`, with the norms known. */
function exactKey(
  metric: Metric,
  width: number,
  queries: Float32Array,
  a: number,
  memory: Float32Array,
  row: number,
  squares: number,
): number {
  const [i, j] = [a * width, row * width]
  let sum = 0
  if (metric === 'l2') {
    for (let k = 0; k < width; k++) sum += (queries[i + k]! - memory[j + k]!) ** 2
    return -Math.sqrt(sum)
  }
  for (let k = 0; k < width; k++) sum += queries[i + k]! * memory[j + k]!
  if (metric === 'dot') return sum
  return squares === 0 ? 0 : sum / Math.sqrt(squares)
}

/** The k largest keys; the lower row first where keys are equal. */
class Nearest {
  readonly keys: Float64Array
  readonly rows: Int32Array
  size = 0
  readonly #k: number

  constructor(k: number) {
    this.#k = k
    this.keys = new Float64Array(k)
    this.rows = new Int32Array(k)
  }

  get worst(): number {
    return this.size === this.#k ? this.keys[this.#k - 1]! : Number.NEGATIVE_INFINITY
  }

  clear(): void {
    this.size = 0
  }

  offer(key: number, row: number): void {
    const { keys, rows } = this
    const after = (i: number) => keys[i]! < key || (keys[i] === key && rows[i]! > row)
    if (this.size === this.#k && !after(this.#k - 1)) return
    let at = this.size < this.#k ? this.size++ : this.#k - 1
    while (at > 0 && after(at - 1)) {
      keys[at] = keys[at - 1]!
      rows[at] = rows[at - 1]!
      at--
    }
    keys[at] = key
    rows[at] = row
  }
}
