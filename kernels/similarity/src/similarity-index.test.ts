import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pcg64 } from '@reprise/core'
import { afterEach, describe, expect, it } from 'vitest'
import { METRICS, SimilarityIndex } from './index.ts'

const rng = new Pcg64(3)
const vector = (width: number) => Float32Array.from({ length: width }, () => rng.normal())
let folder: string | undefined
function temporary(): string {
  folder = mkdtempSync(join(tmpdir(), 'index-'))
  return join(folder, 'memory.rpr')
}
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

function filled(count: number, width: number, metric: 'cosine' | 'dot' | 'l2' = 'cosine') {
  const index = new SimilarityIndex({ width, metric })
  for (let i = 0; i < count; i++) index.add(`e${i}`, vector(width), { task: i % 3 })
  return index
}

describe('SimilarityIndex', () => {
  it('finds what is nearest, with its data', async () => {
    const index = new SimilarityIndex({ width: 2 })
    index.add('right', [1, 0], 'r')
    index.add('up', [0, 2], 'u')
    index.add('diagonal', [1, 1])
    const [first, second] = await index.query([1, 0.1, 0, 1], { k: 2 })
    expect(first!.map(({ key, data }) => [key, data])).toEqual([
      ['right', 'r'],
      ['diagonal', null],
    ])
    expect(second![0]).toMatchObject({ key: 'up', value: 1 })
    expect(index.lastChoice!.executor).toBe('reference')
  })

  it('gives the same as a matrix product, with filters, through additions, replacements and removals', async () => {
    for (const metric of METRICS) {
      const index = filled(150, 6, metric)
      for (let round = 0; round < 6; round++) {
        const queries = Float32Array.from({ length: 5 * 6 }, () => rng.normal())
        const filter = round % 2 ? (_: string, data: unknown) => (data as { task: number }).task === 1 : undefined
        const reference = await index.query(queries, { k: 7, filter, executor: 'reference' })
        const product = await index.query(queries, { k: 7, filter, executor: 'product' })
        expect(product).toEqual(reference)
        expect(await index.query(queries, { k: 7, filter, executor: 'simd' })).toEqual(reference)
        for (let i = 0; i < 20; i++) index.remove(`e${rng.integers(150)}`)
        for (let i = 0; i < 40; i++) index.add(`e${rng.integers(400)}`, vector(6), { task: rng.integers(3) })
      }
      index.dispose()
    }
  })

  it('loads for few queries only from the second query after a change on', async () => {
    const index = filled(3000, 32)
    const queries = Float32Array.from({ length: 4 * 32 }, () => rng.normal())
    const executors: string[] = []
    for (let i = 0; i < 6; i++) {
      if (i % 3 === 2) index.add('more', vector(32))
      await index.query(queries, { k: 2 })
      executors.push(index.lastChoice!.executor)
    }
    expect(executors).toEqual(['simd', 'product', 'simd', 'product', 'product', 'simd'])
    index.dispose()
  })

  it('is exact in a memory of many equal and near rows, in full batches and more than one of them', async () => {
    for (const metric of METRICS) {
      const index = new SimilarityIndex({ width: 7, metric })
      const base = vector(7)
      for (let i = 0; i < 500; i++)
        index.add(
          `e${i}`,
          i % 3 === 0
            ? base
            : i % 3 === 1
              ? base.map((x) => x + 1e-7 * rng.normal())
              : base.map((x) => 1e3 * x * rng.random()),
        )
      const queries = Float32Array.from({ length: 100 * 7 }, (_, i) => (i < 70 ? base[i % 7]! : rng.normal()))
      const reference = await index.query(queries, { k: 12, executor: 'reference' })
      // The first ones copy the memory, later ones use it in another form.
      for (let round = 0; round < 4; round++)
        expect(await index.query(queries, { k: 12, executor: 'product' })).toEqual(reference)
      index.dispose()
    }
  })

  it('gives fewer than k where there are fewer, and nothing where it is empty', async () => {
    const index = new SimilarityIndex({ width: 1 })
    expect(await index.query([1, 2], { k: 3 })).toEqual([[], []])
    expect(await index.query([1], { k: 3, executor: 'product' })).toEqual([[]])
    index.add('a', [1])
    expect((await index.query([1], { k: 3 }))[0]).toHaveLength(1)
    expect(index.remove('a')).toBe(true)
    expect(index.remove('a')).toBe(false)
    expect(index.size).toBe(0)
  })

  it('lets a query that is running see the index whole while it changes', async () => {
    const index = filled(100, 4)
    const probe = vector(4)
    const before = await index.query(probe, { k: 3, executor: 'product' })
    const running = index.query(probe, { k: 3, executor: 'product' })
    await Promise.resolve()
    await Promise.resolve()
    for (let i = 0; i < 90; i++) index.remove(`e${i}`)
    const seen = (await running)[0]!
    const after = await index.query(probe, { k: 3, executor: 'reference' })
    expect([before[0], after[0]]).toContainEqual(seen)
  })

  it('is the same after saving and loading', async () => {
    const index = filled(70, 5, 'l2')
    index.remove('e3')
    const path = temporary()
    index.save(path)
    const loaded = SimilarityIndex.load(path)
    expect(loaded.toState()).toEqual(index.toState())
    const probe = vector(5)
    expect(await loaded.query(probe, { k: 4 })).toEqual(await index.query(probe, { k: 4 }))
  })

  it('refuses a damaged file, and names a missing one', () => {
    const path = temporary()
    filled(3, 2).save(path)
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(path, bytes)
    expect(() => SimilarityIndex.load(path)).toThrow(expect.objectContaining({ code: 'RPR_INDEX_CORRUPT' }))
    expect(() => SimilarityIndex.load(`${path}.not`)).toThrow(expect.objectContaining({ code: 'RPR_FILE_MISSING' }))
  })

  it('names a vector of another width, and an executor that it lacks', async () => {
    const index = new SimilarityIndex({ width: 2 })
    expect(() => index.add('a', [1])).toThrow(/vector of 'a' has 1 elements/)
    await expect(index.query([1, 2, 3], { k: 1 })).rejects.toThrow(/'queries'.*3 elements/)
    await expect(index.query([1, 2], { k: 1, executor: 'gpu' as 'auto' })).rejects.toThrow(/'gpu'/)
  })
})
