import { meanAndStd } from '@reprise/advantage'
import { RepriseError, suggest } from '@reprise/core'
import type { EpisodeGroups } from './algorithm.ts'

/** What can be asked of an episode; each gives one number per episode, [numEpisodes]. */
const REWARD_FUNCTIONS: Readonly<Record<string, (batch: EpisodeGroups) => Float64Array>> = {
  return: ({ returns }) => returns,
  outcome: ({ outcomes }) => outcomes,
  length: ({ offsets, numEpisodes }) => {
    const lengths = new Float64Array(numEpisodes)
    for (let e = 0; e < numEpisodes; e++) lengths[e] = offsets[e + 1]! - offsets[e]!
    return lengths
  },
}

/**
 * The weighted sum of reward functions, [episodes], with the mean and deviation of each function over the batch.
 * @throws RepriseError RPR_OPTION_UNKNOWN for an unknown function, RPR_OPTION_CONFLICT without any weight,
 * RPR_ENV_UNSUPPORTED where `outcome` is asked for and an episode reports none
 */
export function episodeRewards(
  batch: EpisodeGroups,
  weights: Readonly<Record<string, number>>,
): { total: Float64Array; metrics: Record<string, number> } {
  checkRewardWeights(weights)
  const total = new Float64Array(batch.numEpisodes)
  const metrics: Record<string, number> = {}
  for (const [name, weight] of Object.entries(weights)) {
    const values = REWARD_FUNCTIONS[name]!(batch)
    let known = true
    for (let e = 0; e < total.length; e++) if (Number.isNaN(values[e])) known = false
    if (!known) {
      throw new RepriseError(
        'RPR_ENV_UNSUPPORTED',
        `Option 'rewardWeights' asks for '${name}', and the environment reported none for an episode.`,
        { value: name, hint: "Let its last step return 'outcome', or weigh 'return' instead." },
      )
    }
    for (let e = 0; e < total.length; e++) total[e]! += weight * values[e]!
    Object.assign(metrics, summary(`reward/${name}/`, values))
  }
  return { total, metrics: { ...summary('reward/', total), ...metrics } }
}

/** @throws RepriseError RPR_OPTION_UNKNOWN, RPR_OPTION_CONFLICT */
export function checkRewardWeights(weights: Readonly<Record<string, number>>): void {
  const known = Object.keys(REWARD_FUNCTIONS)
  for (const name of Object.keys(weights)) {
    if (Object.hasOwn(REWARD_FUNCTIONS, name)) continue
    throw new RepriseError('RPR_OPTION_UNKNOWN', `Option 'rewardWeights' names an unknown reward '${name}'.`, {
      value: name,
      hint: suggest(name, known),
    })
  }
  if (Object.values(weights).some((weight) => weight !== 0)) return
  throw new RepriseError('RPR_OPTION_CONFLICT', "Option 'rewardWeights' gives no reward a weight.", {
    value: weights,
    hint: `Weigh one of ${known.join(', ')}.`,
  })
}

function summary(prefix: string, values: Float64Array): Record<string, number> {
  if (values.length === 0) return {}
  const { mean, std } = meanAndStd(values, 'population')
  return { [`${prefix}mean`]: mean, [`${prefix}std`]: std }
}
