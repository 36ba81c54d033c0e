import type { Pcg64 } from '@reprise/core'
import { chooseEpisodes } from '../keyed/choose-episodes.ts'
import type { StoredEpisode } from '../keyed/stored-episode.ts'
import type { EpisodeReplayConfig } from './config.ts'
import { drawInProportion } from './group-store.ts'
import { entropiesOf, type ScoreRows } from './score-episodes.ts'

/**
 * Up to `k` of a task's episodes (oldest first):
 * - `uniform`: independent draws, so that one may come twice; `random`: different ones
 * - `recent`, `highestReward`, `maxVariance`: see `chooseEpisodes`
 * - `lowestEntropy`: those at which the policy of now is surest; the newer of equals
 * - `advantagePriority`: different ones, in proportion to |advantage| when stored
 */
export async function chooseStored(
  episodes: readonly StoredEpisode[],
  k: number,
  sampling: EpisodeReplayConfig['sampling'],
  rng: Pcg64,
  score: ScoreRows,
): Promise<StoredEpisode[]> {
  switch (sampling) {
    case 'uniform':
    case 'random':
    case 'maxVariance':
      return chooseEpisodes(episodes, k, sampling, rng)
    case 'recent':
      return chooseEpisodes(episodes, k, 'newest', rng)
    case 'highestReward':
      return chooseEpisodes(episodes, k, 'highest', rng)
    case 'lowestEntropy': {
      if (episodes.length === 0) return []
      const entropies = await entropiesOf(episodes, score)
      const order = episodes.map((_, i) => i).sort((a, b) => entropies[a]! - entropies[b]! || b - a)
      return order.slice(0, k).map((i) => episodes[i]!)
    }
    case 'advantagePriority': {
      const left = [...episodes]
      const chosen: StoredEpisode[] = []
      while (chosen.length < k && left.length > 0) {
        const i = drawInProportion(
          left.map(({ advantage }) => Math.abs(advantage ?? 0)),
          rng,
        )
        chosen.push(...left.splice(i, 1))
      }
      return chosen
    }
  }
}
