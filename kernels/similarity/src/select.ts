import { RepriseError } from '@reprise/core'
import { type Metric, type PairsInput, pairValue, squaredNorm } from './metric.ts'

export interface Masked {
  /** [M] or [Q, M]: rows with 0 are left out. */
  readonly mask?: ArrayLike<number>
}

export interface TopKInput extends PairsInput, Masked {
  readonly k: number
  /**
   * A number that you change whenever you change the contents of `memory`: the same array with the same number is then
   * taken for unchanged without a look at it. Without a number every byte is compared with what products hold.
   */
  readonly memoryVersion?: number
}

export interface TopK {
  /** [Q, k] rows of the memory, nearest first, the lower row where equally near; -1 where there are fewer than k. */
  readonly indices: Int32Array
  /** [Q, k] values of the metric; NaN where there is no row. */
  readonly values: Float32Array
}

export interface NeighboursInput extends PairsInput, Masked {
  /** The least similarity, or the largest distance. */
  readonly threshold: number
}

export interface Neighbours {
  /** [Q + 1] query q's neighbours are entries `offsets[q]` to `offsets[q + 1]`. */
  readonly offsets: Int32Array
  /** Rows of the memory, in ascending order for each query. */
  readonly indices: Int32Array
  readonly values: Float32Array
}

/**
 * Scores of all pairs in the form in which they were computed. `stride` is the distance between two queries' scores.
 * `values` are the metric's own; `products` are dot products, which order rows as the metric does after one operation
 * with a term of the row, so that no pass over all of them is needed.
 */
export interface Scores {
  readonly kind: 'values' | 'products'
  readonly data: Float32Array | Float64Array
  readonly stride: number
}

/** What turns a product into something that orders rows: 1 / norm for `cosine`, the squared norm for `l2`. */
export function rowTerms(
  metric: Metric,
  memory: ArrayLike<number>,
  width: number,
  from = 0,
  to = memory.length / width,
) {
  if (metric === 'dot') return undefined
  const terms = new Float32Array(to - from)
  for (let row = from; row < to; row++) {
    const square = squaredNorm(memory, row, width)
    terms[row - from] = metric === 'l2' ? square : square === 0 ? 0 : 1 / Math.sqrt(square)
  }
  return terms
}

/** A number that is larger for nearer rows. */
function keyOf(kind: Scores['kind'], metric: Metric, score: number, term: number): number {
  if (kind === 'values') return metric === 'l2' ? -score : score
  return metric === 'dot' ? score : metric === 'cosine' ? score * term : 2 * score - term
}

/** A result in which nothing was found. @throws RepriseError RPR_OPTION_RANGE */
export function emptyTopK(queries: number, k: number): TopK {
  if (!Number.isSafeInteger(k) || k < 1)
    throw new RepriseError('RPR_OPTION_RANGE', `'k' is ${k}.`, { value: k, hint: 'It is an integer of 1 or more.' })
  return { indices: new Int32Array(queries * k).fill(-1), values: new Float32Array(queries * k).fill(Number.NaN) }
}

/** @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
export function selectTopK(input: TopKInput, scores: Scores, m: number, terms?: Float32Array): TopK {
  const { queries, memory, width, metric, k, mask } = input
  const q = queries.length / width
  checkMask(mask, q, m)
  const { indices, values } = emptyTopK(q, k)
  const keys = new Float64Array(k)
  const rows = new Int32Array(k)
  const perQuery = mask !== undefined && mask.length !== m
  const sign = scores.kind === 'values' && metric === 'l2' ? -1 : 1
  const scaled = metric === 'cosine'
  const { data } = scores
  for (let a = 0; a < q; a++) {
    const from = a * scores.stride
    const maskFrom = perQuery ? a * m : 0
    let held = 0
    let worst = Number.NEGATIVE_INFINITY
    for (let b = 0; b < m; b++) {
      const score = data[from + b]!
      // The common case first and alone: not among the k nearest.
      const key = terms === undefined ? sign * score : scaled ? score * terms[b]! : 2 * score - terms[b]!
      if (held === k ? !(key > worst) : Number.isNaN(key)) continue
      if (mask !== undefined && !mask[maskFrom + b]) continue
      let at = held < k ? held++ : k - 1
      while (at > 0 && keys[at - 1]! < key) {
        keys[at] = keys[at - 1]!
        rows[at] = rows[at - 1]!
        at--
      }
      keys[at] = key
      rows[at] = b
      worst = held === k ? keys[k - 1]! : Number.NEGATIVE_INFINITY
    }
    // Values anew in double precision, in the order that these give: equal rows come in the order of the memory.
    const exact = Array.from(rows.subarray(0, held), (row) => ({
      row,
      value: pairValue(metric, width, queries, a, memory, row),
    }))
    exact.sort((x, y) => (metric === 'l2' ? x.value - y.value : y.value - x.value) || x.row - y.row)
    exact.forEach(({ row, value }, i) => {
      indices[a * k + i] = row
      values[a * k + i] = value
    })
  }
  return { indices, values }
}

/** @throws RepriseError RPR_SHAPE */
export function selectNeighbours(input: NeighboursInput, scores: Scores, m: number, terms?: Float32Array): Neighbours {
  const { queries, memory, width, metric, threshold, mask } = input
  const q = queries.length / width
  checkMask(mask, q, m)
  const perQuery = mask !== undefined && mask.length !== m
  const offsets = new Int32Array(q + 1)
  const indices: number[] = []
  const values: number[] = []
  for (let a = 0; a < q; a++) {
    const square = scores.kind === 'products' ? squaredNorm(queries, a, width) : 0
    const limit = keyLimit(scores.kind, metric, threshold, square)
    for (let b = 0; b < m; b++) {
      const key = keyOf(scores.kind, metric, scores.data[a * scores.stride + b]!, terms === undefined ? 0 : terms[b]!)
      if (!(key >= limit) || (mask !== undefined && !mask[(perQuery ? a * m : 0) + b])) continue
      // Candidates lie within a margin of the threshold; the exact value decides.
      const value = pairValue(metric, width, queries, a, memory, b)
      if (metric === 'l2' ? value > threshold : value < threshold) continue
      indices.push(b)
      values.push(value)
    }
    offsets[a + 1] = indices.length
  }
  return { offsets, indices: Int32Array.from(indices), values: Float32Array.from(values) }
}

/** The least key of a candidate, less what float32 may have lost. */
function keyLimit(kind: Scores['kind'], metric: Metric, threshold: number, square: number): number {
  const margin = (x: number) => x - 1e-4 * Math.max(1, Math.abs(x))
  if (kind === 'values') return margin(metric === 'l2' ? -threshold : threshold)
  if (metric === 'dot') return margin(threshold)
  // score / |m| >= threshold |q|, and 2 score - |m|^2 >= |q|^2 - threshold^2
  return metric === 'cosine' ? margin(threshold * Math.sqrt(square)) : margin(square - threshold ** 2)
}

/** @throws RepriseError RPR_SHAPE */
export function checkMask(mask: ArrayLike<number> | undefined, q: number, m: number): void {
  if (mask === undefined || mask.length === m || mask.length === q * m) return
  throw new RepriseError('RPR_SHAPE', `'mask' has ${mask.length} elements.`, {
    value: mask.length,
    hint: `It has one per row of the memory (${m}), or one per pair (${q * m}).`,
  })
}
