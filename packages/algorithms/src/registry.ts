import { RepriseError, suggest } from '@reprise/core'
import type { Algorithm } from './algorithm.ts'
import { grpo } from './grpo.ts'
import { ppo } from './ppo.ts'

/** Every algorithm that `--algo` can name. */
export const algorithms: readonly Algorithm[] = [ppo as unknown as Algorithm, grpo as unknown as Algorithm]

/** @throws RepriseError RPR_ALGO_UNKNOWN with the nearest name */
export function getAlgorithm(name: string): Algorithm {
  const found = algorithms.find((algorithm) => algorithm.name === name)
  if (found) return found
  throw new RepriseError('RPR_ALGO_UNKNOWN', `Unknown algorithm '${name}'.`, {
    value: name,
    hint: suggest(
      name,
      algorithms.map((algorithm) => algorithm.name),
    ),
  })
}
