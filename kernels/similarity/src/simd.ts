/** All values in WebAssembly on one core, in the reference's order of additions: the same bits, several times sooner. */
import { toFloat32 } from '@reprise/gpu'
import { BlockScan } from './block-scan.ts'
import { checkPairs, type PairsInput, squaredNorm } from './metric.ts'
import { BLOCK } from './product.ts'

/** Of the last width: calls of one loop have one. */
let kept: BlockScan | undefined

/** What `similarities` gives. @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
export function simdSimilarities(input: PairsInput): Float32Array {
  const { q, m } = checkPairs('similarities', input)
  return fill(input, q, m, new Float32Array(q * m))
}

/** What `exactSimilarities` gives. @throws RepriseError RPR_OPTION_RANGE, RPR_SHAPE */
export function simdExactSimilarities(input: PairsInput): Float64Array {
  const { q, m } = checkPairs('similarities', input)
  return fill(input, q, m, new Float64Array(q * m))
}

function fill<T extends Float32Array | Float64Array>(input: PairsInput, q: number, m: number, out: T): T {
  const { width, metric } = input
  if (kept?.width !== width) kept = new BlockScan(width)
  const { query, rows, results } = kept
  const memory = toFloat32(input.memory)
  const queries = toFloat32(input.queries)
  const squares = metric === 'cosine' ? squaredNorms(kept, memory, m) : undefined
  for (let a = 0; a < q; a++) {
    query.set(queries.subarray(a * width, (a + 1) * width))
    const square = metric === 'cosine' ? squaredNorm(queries, a, width) : 0
    for (let first = 0; first < m; first += BLOCK) {
      const count = Math.min(BLOCK, m - first)
      rows.set(memory.subarray(first * width, (first + count) * width))
      if (metric === 'l2') kept.distances(count)
      else kept.products(count)
      for (let i = 0; i < count; i++) {
        const result = results[i]!
        const norms = squares === undefined ? 1 : Math.sqrt(square * squares[first + i]!)
        out[a * m + first + i] = metric === 'l2' ? Math.sqrt(result) : norms === 0 ? 0 : result / norms
      }
    }
  }
  return out
}

function squaredNorms(scan: BlockScan, memory: Float32Array, m: number): Float64Array {
  const out = new Float64Array(m)
  for (let first = 0; first < m; first += BLOCK) {
    const count = Math.min(BLOCK, m - first)
    scan.rows.set(memory.subarray(first * scan.width, (first + count) * scan.width))
    scan.squares(count)
    out.set(scan.results.subarray(0, count), first)
  }
  return out
}
