/**
 * From how many cells each executor beats the reference, as `npm run bench -- kernels` measured it on 2 busy cores of an
 * AMD EPYC (Zen 3) without a GPU. gpu.js nowhere: copying the arrays to its executors costs more than one pass over them.
 * Only prototypeBuckets, which compares all pairs, was faster on webasm at 1e5, in too few rounds to enter it here.
 * `kernel.setCrossover` takes the table of another machine.
 */
import type { Crossover } from '@reprise/gpu'

export const CROSSOVER: Readonly<Record<string, Crossover>> = {
  gae: { simd: 512 },
  groupAdvantages: { simd: 4096 },
}
