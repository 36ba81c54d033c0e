/** Every kernel with its executors: `await similarity.topK(input)` takes what the crossover table says. */
import { defineKernel, type Executed, type GpuRuntime } from '@reprise/gpu'
import { SIMILARITY_CROSSOVER } from './crossover.ts'
import { gpuSimilarities } from './gpu-similarities.ts'
import { checkPairs, exactSimilarities, type PairsInput, similarities } from './metric.ts'
import { eachProduct, productSimilarities, searchTopK } from './product-kernels.ts'
import { likelySeen, productCells, see } from './residency.ts'
import {
  type Masked,
  type Neighbours,
  type NeighboursInput,
  rowTerms,
  type Scores,
  selectNeighbours,
  selectTopK,
  type TopK,
  type TopKInput,
} from './select.ts'
import { simdExactSimilarities, simdSimilarities } from './simd.ts'

/** queries x rows x width */
const cells = ({ queries, memory, width }: PairsInput) => (queries.length / width) * memory.length
const indexed = ({ queries, memory, width }: PairsInput) =>
  Math.max((queries.length * memory.length) / width ** 2, memory.length, queries.length)

/**
 * A kernel that selects from the scores of all pairs: scores by any executor, the selection on the host. With `search` a
 * product need not give all scores.
 */
function selecting<Input extends PairsInput & Masked, Output>(
  name: 'topK' | 'neighbours' | 'nearestPrototype',
  select: (input: Input, scores: Scores, m: number, terms?: Float32Array) => Output,
  join: (outputs: Output[]) => Output,
  search?: (input: Input, ran: (executed: Executed) => void) => Promise<Output | undefined>,
) {
  const fromValues = (input: Input, data: Float32Array | Float64Array, m: number) =>
    select(input, { kind: 'values', data, stride: m }, m)
  return defineKernel<Input, Output>({
    name,
    reference: (input) => fromValues(input, exactSimilarities(input), checkPairs(name, input).m),
    gpu: async (gpu: GpuRuntime, input, ran) =>
      fromValues(input, await gpuSimilarities(gpu, input, ran), checkPairs(name, input).m),
    others: {
      simd: async (input: Input, ran: (executed: Executed) => void) => {
        ran(SIMD)
        if (search !== undefined) see(input, false)
        return fromValues(input, simdExactSimilarities(input), checkPairs(name, input).m)
      },
      product: async (input: Input, ran: (executed: Executed) => void) => {
        const { q, m } = checkPairs(name, input)
        if (q * m === 0) return fromValues(input, new Float32Array(0), m)
        const found = await search?.(input, ran)
        if (found !== undefined) return found
        const terms = rowTerms(input.metric, input.memory, input.width)
        const outputs: Output[] = []
        await eachProduct(input, ran, (scores, first, queries) => {
          const mask =
            input.mask === undefined || input.mask.length === m
              ? input.mask
              : Array.prototype.slice.call(input.mask, first * m, first * m + (queries.length / input.width) * m)
          outputs.push(select({ ...input, queries, mask }, scores, m, terms))
        })
        return join(outputs)
      },
    },
    cells,
    cellsOf: search && {
      product: (input) => productCells(input.queries.length / input.width, input.memory.length, likelySeen(input)),
    },
    indexed,
    crossover: SIMILARITY_CROSSOVER[name],
  })
}

const SIMD: Executed = { executorKind: 'simd', backend: 'wasm', fallbackReason: null }

export const similarity = {
  /** [Q, M] all values. */
  similarities: defineKernel<PairsInput, Float32Array>({
    name: 'similarities',
    reference: similarities,
    gpu: gpuSimilarities,
    others: {
      simd: async (input, ran) => {
        ran(SIMD)
        return simdSimilarities(input)
      },
      product: productSimilarities,
    },
    cells,
    indexed,
    crossover: SIMILARITY_CROSSOVER.similarities,
  }),
  /** The k nearest rows of each query. */
  topK: selecting<TopKInput, TopK>('topK', selectTopK, joinTopK, searchTopK),
  /** All rows of each query within a threshold. */
  neighbours: selecting<NeighboursInput, Neighbours>('neighbours', selectNeighbours, joinNeighbours),
  /** The nearest row of each query: `topK` with k = 1, for a memory of prototypes. */
  nearestPrototype: selecting<Omit<TopKInput, 'k'>, TopK>(
    'nearestPrototype',
    (input, scores, m, terms) => selectTopK({ ...input, k: 1 }, scores, m, terms),
    joinTopK,
    (input, ran) => searchTopK({ ...input, k: 1 }, ran),
  ),
} as const

export function joinTopK(outputs: TopK[]): TopK {
  if (outputs.length === 1) return outputs[0]!
  return {
    indices: Int32Array.from(outputs.flatMap(({ indices }) => [...indices])),
    values: Float32Array.from(outputs.flatMap(({ values }) => [...values])),
  }
}

export function joinNeighbours(outputs: Neighbours[]): Neighbours {
  if (outputs.length === 1) return outputs[0]!
  const offsets = [0]
  for (const output of outputs) {
    const base = offsets[offsets.length - 1]!
    for (let i = 1; i < output.offsets.length; i++) offsets.push(base + output.offsets[i]!)
  }
  return {
    offsets: Int32Array.from(offsets),
    indices: Int32Array.from(outputs.flatMap(({ indices }) => [...indices])),
    values: Float32Array.from(outputs.flatMap(({ values }) => [...values])),
  }
}
