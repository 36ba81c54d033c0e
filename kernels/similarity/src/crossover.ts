/**
 * From how many cells (queries x rows x width) each executor beats the reference, as `npm run bench -- kernels` measured
 * it for topK on 2 busy cores of an AMD EPYC without a GPU. `kernel.setCrossover` takes the table of another machine.
 */
import type { Crossover } from '@reprise/gpu'

export const SIMILARITY_CROSSOVER: Crossover = { product: 1e6 }
