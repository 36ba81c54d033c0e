export { SIMILARITY_CROSSOVER } from './crossover.ts'
export { similarity } from './kernels.ts'
export { METRICS, type Metric, type PairsInput, similarities } from './metric.ts'
export { releaseProducts } from './product-kernels.ts'
export type { Masked, Neighbours, NeighboursInput, TopK, TopKInput } from './select.ts'
export {
  type IndexMatch,
  type IndexQuery,
  SimilarityIndex,
  type SimilarityIndexOptions,
} from './similarity-index.ts'
