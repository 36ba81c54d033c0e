/** The kernels on the matrix product, for a memory that is given anew with every call (`SimilarityIndex` keeps it). */
import { type Executed, toFloat32 } from '@reprise/gpu'
import { checkPairs, type PairsInput, squaredNorm } from './metric.ts'
import { ProductMemory } from './product.ts'
import { rowTerms, type Scores } from './select.ts'

/** The program of the last shape: calls of one loop have one shape. */
let kept: Promise<ProductMemory> | undefined
let keptShape = ''
let tail: Promise<unknown> = Promise.resolve()

/** Calls `consume` with the products of each batch of queries and the number of its first. One call at a time. */
export function eachProduct(
  input: PairsInput,
  ran: (executed: Executed) => void,
  consume: (scores: Scores, firstQuery: number, queries: Float32Array) => void,
): Promise<void> {
  const run = async () => {
    const { q, m } = checkPairs('similarities', input)
    if (q * m === 0) return
    const memory = await loaded(toFloat32(input.memory), input.width)
    const queries = toFloat32(input.queries)
    await eachBatch(memory, queries, consume)
    ran({ executorKind: 'product', backend: memory.target, fallbackReason: memory.fallbackReason })
  }
  const result = tail.then(run)
  tail = result.catch(() => {})
  return result
}

export async function eachBatch(
  memory: ProductMemory,
  queries: Float32Array,
  consume: (scores: Scores, firstQuery: number, queries: Float32Array) => void,
): Promise<void> {
  const batch = ProductMemory.queries * memory.width
  for (let from = 0; from < queries.length; from += batch) {
    const some = queries.subarray(from, from + batch)
    consume(await memory.products(some), from / memory.width, some)
  }
}

async function loaded(data: Float32Array, width: number): Promise<ProductMemory> {
  const shape = `${data.length} ${width}`
  if (kept !== undefined && shape === keptShape) {
    const memory = await kept
    await memory.write(data)
    return memory
  }
  if (kept !== undefined) (await kept).dispose()
  keptShape = shape
  kept = ProductMemory.create(data, width)
  kept.catch(() => {
    kept = undefined
  })
  return kept
}

/** Lets the program of the last call go. */
export async function releaseProducts(): Promise<void> {
  await tail
  if (kept !== undefined) (await kept).dispose()
  kept = undefined
}

/** [Q, M] values of the metric from products. */
export async function productSimilarities(input: PairsInput, ran: (executed: Executed) => void): Promise<Float32Array> {
  const { q, m } = checkPairs('similarities', input)
  const { memory, width, metric } = input
  const out = new Float32Array(q * m)
  const terms = rowTerms(metric, memory, width)
  await eachProduct(input, ran, ({ data, stride }, first, queries) => {
    for (let a = 0; a < queries.length / width; a++) {
      const square = squaredNorm(queries, a, width)
      const scale = square === 0 ? 0 : 1 / Math.sqrt(square)
      for (let b = 0; b < m; b++) {
        const product = data[a * stride + b]!
        out[(first + a) * m + b] =
          terms === undefined
            ? product
            : metric === 'cosine'
              ? product * terms[b]! * scale
              : Math.sqrt(Math.max(0, square + terms[b]! - 2 * product))
      }
    }
  })
  return out
}
