/**
 * From how many cells (queries x rows x width) each executor beats the reference, and the others before it, as
 * `npm run bench -- kernels` measured it for 16 queries on 2 busy cores of an AMD EPYC (Zen 3) without a GPU; `product` in a
 * search by hand, for 1 to 64 queries, with and without loading the memory (residency.ts). gpu.js nowhere: `simd` was
 * faster at every size. `kernel.setCrossover` takes the table of another machine.
 */
import type { Crossover } from '@reprise/gpu'

export const SIMILARITY_CROSSOVER = {
  similarities: { simd: 2000, product: 4e6 },
  topK: { simd: 2000, product: 2e5 },
  neighbours: { simd: 2000, product: 4e6 },
  nearestPrototype: { simd: 2000, product: 2e5 },
} as const satisfies Readonly<Record<string, Crossover>>
