/** Every kernel gives on gpu.js and as a matrix product what its reference gives. */
import { Pcg64 } from '@reprise/core'
import { closeGpu, GPU_EXECUTORS, relativeError, whyUnavailable } from '@reprise/gpu'
import { afterAll, describe, expect, it } from 'vitest'
import { METRICS, releaseProducts, similarity } from './index.ts'

const EXECUTORS = [...GPU_EXECUTORS, 'simd', 'product'] as const
const reasons = new Map<string, string | undefined>()
for (const executor of GPU_EXECUTORS) {
  const reason = await whyUnavailable(executor)
  if (reason !== undefined) console.warn(`tests on ${executor} are skipped: ${reason}`)
  reasons.set(executor, reason)
}
afterAll(async () => {
  await closeGpu()
  await releaseProducts()
})

const rng = new Pcg64(9)
const numbers = (n: number) => Float32Array.from({ length: n }, () => rng.normal())
/** [queries, rows, width]; more than one batch of queries in the last. */
const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [3, 17, 5],
  [7, 200, 16],
  [130, 40, 8],
]

describe.each(EXECUTORS)('on %s', (executor) => {
  const here = it.skipIf(reasons.get(executor) !== undefined)

  for (const metric of METRICS)
    here(metric, async () => {
      for (const [q, m, width] of SHAPES) {
        const pairs = { queries: numbers(q * width), memory: numbers(m * width), width, metric }
        const all = await similarity.similarities(pairs, { executor })
        expect(relativeError(all, similarity.similarities.reference(pairs))).toBeLessThan(
          executor === 'simd' ? 1e-30 : 1e-5,
        )

        const mask = Uint8Array.from({ length: rng.random() < 0.5 ? m : q * m }, () => (rng.random() < 0.8 ? 1 : 0))
        const top = await similarity.topK({ ...pairs, k: 4, mask }, { executor })
        expect(top).toEqual(similarity.topK.reference({ ...pairs, k: 4, mask }))

        const threshold = metric === 'l2' ? Math.sqrt(width) : 0.3
        const near = await similarity.neighbours({ ...pairs, threshold, mask }, { executor })
        expect(near).toEqual(similarity.neighbours.reference({ ...pairs, threshold, mask }))

        const nearest = await similarity.nearestPrototype(pairs, { executor })
        expect(nearest).toEqual(similarity.nearestPrototype.reference(pairs))
      }
      expect(similarity.topK.lastRun).toMatchObject({ executor })
      const backend =
        executor === 'product' ? expect.stringMatching(/^(onnx|wasm)$/) : executor === 'simd' ? 'wasm' : executor
      expect(similarity.topK.lastRun!.executed!.backend).toEqual(backend)
    })

  here('a memory with NaN, zeros and equal rows', async () => {
    const pairs = { queries: Float32Array.of(1, 1), width: 2, memory: Float32Array.of(0, 0, Number.NaN, 1, 2, 2, 2, 2) }
    for (const metric of METRICS) {
      const top = await similarity.topK({ ...pairs, metric, k: 4 }, { executor })
      expect([...top.indices]).toEqual(metric === 'l2' ? [0, 2, 3, -1] : [2, 3, 0, -1])
      expect(top.values[3]).toBeNaN()
    }
  })
})

describe('topK', () => {
  const base = { queries: [1, 0], memory: [1, 0, 0, 1, 3, 3], width: 2, k: 2 } as const

  it('orders by the metric', () => {
    expect([...similarity.topK.reference({ ...base, metric: 'cosine' }).indices]).toEqual([0, 2])
    expect([...similarity.topK.reference({ ...base, metric: 'dot' }).indices]).toEqual([2, 0])
    const { indices, values } = similarity.topK.reference({ ...base, metric: 'l2' })
    expect([...indices]).toEqual([0, 1])
    expect(values[1]).toBeCloseTo(Math.SQRT2)
  })

  it('names what is wrong', () => {
    const topK = similarity.topK.reference
    expect(() => topK({ ...base, metric: 'cosin' as 'cosine' })).toThrow(/Did you mean 'cosine'/)
    expect(() => topK({ ...base, metric: 'dot', k: 0 })).toThrow(/'k' is 0/)
    expect(() => topK({ ...base, metric: 'dot', mask: [1] })).toThrow(/'mask' has 1 elements/)
    expect(() => topK({ ...base, metric: 'dot', width: 4 })).toThrow(/'queries'.*2 elements/)
  })

  it('finds nothing in an empty memory', async () => {
    for (const executor of ['reference', 'webasm', 'product']) {
      const { indices } = await similarity.topK({ ...base, memory: [], metric: 'cosine' }, { executor })
      expect([...indices]).toEqual([-1, -1])
    }
  })

  it('sees what changed in a memory that it knows', async () => {
    const pairs = { queries: numbers(40 * 8), memory: numbers(300 * 8), width: 8, metric: 'cosine', k: 5 } as const
    for (let round = 0; round < 6; round++) {
      expect(await similarity.topK(pairs, { executor: 'product' })).toEqual(similarity.topK.reference(pairs))
      if (round % 4 === 3) pairs.memory.set(pairs.queries.subarray(0, 8), 8 * rng.integers(300))
    }
  })

  it('takes a memory for unchanged only where its version says so', async () => {
    const pairs = { queries: numbers(40 * 8), memory: numbers(300 * 8), width: 8, metric: 'dot', k: 5 } as const
    const ask = (memoryVersion?: number) => similarity.topK({ ...pairs, memoryVersion }, { executor: 'product' })
    const before = similarity.topK.reference(pairs)
    expect(await ask(1)).toEqual(before)
    pairs.memory.set(pairs.queries.subarray(0, 8), 80)
    const after = similarity.topK.reference(pairs)
    expect(await ask(1)).toEqual(before)
    expect(await ask(2)).toEqual(after)
    expect(await ask(2)).toEqual(after)
    pairs.memory.fill(0.5)
    expect(await ask()).toEqual(similarity.topK.reference(pairs))
    // Another array is compared, whatever its version.
    const other = { ...pairs, memory: numbers(300 * 8), memoryVersion: 2 }
    expect(await similarity.topK(other, { executor: 'product' })).toEqual(similarity.topK.reference(other))
  })

  it('takes the matrix product where the memory is large', () => {
    const input = { queries: new Float32Array(64 * 128), memory: new Float32Array(50_000 * 128), width: 128, k: 10 }
    expect(similarity.topK.choose({ ...input, metric: 'cosine' }).executor).toBe('product')
    const small = { ...input, memory: input.memory.subarray(0, 6400), queries: input.queries.subarray(0, 256) }
    expect(similarity.topK.choose({ ...small, metric: 'cosine' }).executor).toBe('simd')
    expect(similarity.topK.choose({ ...base, metric: 'cosine' }).executor).toBe('reference')
  })

  it('loads a memory for few queries only once it stays the same', async () => {
    const memory = numbers(3000 * 64)
    const input = { queries: numbers(2 * 64), memory, width: 64, metric: 'cosine', k: 3 } as const
    const executors: string[] = []
    const ask = async () => {
      expect(await similarity.topK(input)).toEqual(similarity.topK.reference(input))
      executors.push(similarity.topK.lastRun!.executor)
    }
    for (let i = 0; i < 3; i++) await ask()
    expect(executors.splice(0)).toEqual(['simd', 'product', 'product'])
    // A change that no sample shows: found, and samples count for nothing for some calls.
    memory[1]! += 1
    for (let i = 0; i < 12; i++) await ask()
    expect(executors.splice(0)).toEqual([
      'product',
      ...new Array(7).fill('simd'),
      'product',
      'product',
      'product',
      'product',
    ])
    // Many queries pay for it each time.
    const many = { ...input, queries: numbers(40 * 64) }
    memory.fill(0.5)
    expect(similarity.topK.choose(many).executor).toBe('product')
    expect(similarity.topK.choose(input).executor).toBe('simd')
  })
})
