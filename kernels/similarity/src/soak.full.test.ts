/** 1e5 searches in a memory that changes now and then: memory stays flat. */
import { afterAll, expect, it } from 'vitest'
import { releaseProducts, SimilarityIndex, similarity } from './index.ts'

afterAll(releaseProducts)

const CALLS = 100_000
const WIDTH = 8
const ROWS = 64

it.each(['simd', 'product'] as const)('memory is flat over 1e5 calls on %s', async (executor) => {
  const memory = Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i))
  const queries = Float32Array.from({ length: 33 * WIDTH }, (_, i) => Math.cos(i))
  const index = new SimilarityIndex({ width: WIDTH })
  for (let row = 0; row < ROWS; row++) index.add(`${row}`, memory.subarray(row * WIDTH, (row + 1) * WIDTH))
  const samples: number[] = []
  for (let i = 0; i < CALLS; i++) {
    if (i % 100 === 0) memory[i % memory.length] = Math.sin(i)
    if (i % 100 === 50) index.add(`${i % (ROWS + 6)}`, memory.subarray(0, WIDTH))
    if (i % 2) await similarity.topK({ queries, memory, width: WIDTH, metric: 'cosine', k: 3 }, { executor })
    else await index.query(queries, { k: 3, executor })
    if (i % (CALLS / 10) === CALLS / 10 - 1) {
      global.gc?.()
      samples.push(process.memoryUsage().rss / 2 ** 20)
    }
  }
  index.dispose()
  // The first fifth is warm-up: compiled code and the size that the heap settles at.
  const [start, end] = [Math.max(...samples.slice(0, 3)), Math.min(...samples.slice(-3))]
  expect(end - start, `MiB at each tenth: ${samples.map(Math.round).join(', ')}`).toBeLessThan(48)
})
