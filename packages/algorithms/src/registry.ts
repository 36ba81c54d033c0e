import { RepriseError, suggest } from '@reprise/core'
import type { Algorithm } from './algorithm.ts'
import { arpo } from './arpo.ts'
import { bc } from './bc.ts'
import { dqn } from './dqn.ts'
import { grpo } from './grpo.ts'
import { ppo } from './ppo.ts'
import { redq } from './redq.ts'
import { sac } from './sac.ts'
import { td3 } from './td3.ts'

/** Every algorithm that `--algo` can name. */
export const algorithms: readonly Algorithm[] = [
  ppo as unknown as Algorithm,
  grpo as unknown as Algorithm,
  arpo as unknown as Algorithm,
  bc as unknown as Algorithm,
  dqn as unknown as Algorithm,
  sac as unknown as Algorithm,
  td3 as unknown as Algorithm,
  redq as unknown as Algorithm,
]

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
