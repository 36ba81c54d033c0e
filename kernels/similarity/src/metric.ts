import { RepriseError, suggest } from '@reprise/core'

/** `cosine` and `dot`: more is nearer. `l2`: the Euclidean distance, less is nearer. A zero vector has cosine 0. */
export const METRICS = ['cosine', 'dot', 'l2'] as const
export type Metric = (typeof METRICS)[number]

export interface PairsInput {
  /** [Q, width] */
  readonly queries: ArrayLike<number>
  /** [M, width] */
  readonly memory: ArrayLike<number>
  readonly width: number
  readonly metric: Metric
}

/** Q and M. @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
export function checkPairs(what: string, { queries, memory, width, metric }: PairsInput): { q: number; m: number } {
  if (!METRICS.includes(metric))
    throw new RepriseError('RPR_OPTION_RANGE', `No metric of ${what} is called '${metric}'.`, {
      value: metric,
      hint: suggest(metric, METRICS),
    })
  if (!Number.isSafeInteger(width) || width < 1)
    throw new RepriseError('RPR_OPTION_RANGE', `'width' of ${what} is ${width}.`, {
      value: width,
      hint: 'It is the length of one vector, an integer of 1 or more.',
    })
  for (const [name, { length }] of Object.entries({ queries, memory }))
    if (length % width !== 0)
      throw new RepriseError('RPR_SHAPE', `'${name}' of ${what} has ${length} elements.`, {
        value: length,
        hint: `Vectors have ${width} elements each.`,
      })
  return { q: queries.length / width, m: memory.length / width }
}

/** One value in double precision: row `a` of one array against row `b` of the other. */
export function pairValue(
  metric: Metric,
  width: number,
  left: ArrayLike<number>,
  a: number,
  right: ArrayLike<number>,
  b: number,
): number {
  const [i, j] = [a * width, b * width]
  if (metric === 'l2') return Math.sqrt(squaredDistance(left, i, right, j, width))
  const product = dot(left, i, right, j, width)
  if (metric === 'dot') return product
  const norms = Math.sqrt(squaredNorm(left, a, width) * squaredNorm(right, b, width))
  return norms === 0 ? 0 : product / norms
}

export function squaredNorm(rows: ArrayLike<number>, row: number, width: number): number {
  return dot(rows, row * width, rows, row * width, width)
}

/** Of `width` elements from `left[i]` and `right[j]`. Four sums: one would wait for each addition. */
export function dot(left: ArrayLike<number>, i: number, right: ArrayLike<number>, j: number, width: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let k = 0
  for (; k + 3 < width; k += 4) {
    s0 += left[i + k]! * right[j + k]!
    s1 += left[i + k + 1]! * right[j + k + 1]!
    s2 += left[i + k + 2]! * right[j + k + 2]!
    s3 += left[i + k + 3]! * right[j + k + 3]!
  }
  for (; k < width; k++) s0 += left[i + k]! * right[j + k]!
  return s0 + s1 + (s2 + s3)
}

/** As `dot`, of differences. */
export function squaredDistance(
  left: ArrayLike<number>,
  i: number,
  right: ArrayLike<number>,
  j: number,
  width: number,
): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  let k = 0
  for (; k + 3 < width; k += 4) {
    const d0 = left[i + k]! - right[j + k]!
    const d1 = left[i + k + 1]! - right[j + k + 1]!
    const d2 = left[i + k + 2]! - right[j + k + 2]!
    const d3 = left[i + k + 3]! - right[j + k + 3]!
    s0 += d0 * d0
    s1 += d1 * d1
    s2 += d2 * d2
    s3 += d3 * d3
  }
  for (; k < width; k++) {
    const d = left[i + k]! - right[j + k]!
    s0 += d * d
  }
  return s0 + s1 + (s2 + s3)
}

/** [Q, M] every query against every row of the memory. @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
export function similarities(input: PairsInput): Float32Array {
  const { q, m } = checkPairs('similarities', input)
  return fillSimilarities(input, new Float32Array(q * m))
}

/** The same in double precision: what a search orders by. */
export function exactSimilarities(input: PairsInput): Float64Array {
  const { q, m } = checkPairs('similarities', input)
  return fillSimilarities(input, new Float64Array(q * m))
}

function fillSimilarities<T extends Float32Array | Float64Array>(input: PairsInput, out: T): T {
  const { queries, memory, width, metric } = input
  const m = memory.length / width
  for (let i = 0; i < out.length; i++) out[i] = pairValue(metric, width, queries, Math.floor(i / m), memory, i % m)
  return out
}
