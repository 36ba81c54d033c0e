import type { Pcg64 } from '@reprise/core'
import type { StoredEpisode } from './stored-episode.ts'

/**
 * Which of a key's episodes:
 * - `uniform`: k independent draws, so that one may come twice (ARPO draws one so)
 * - `random`: k different ones, all sets equally likely
 * - `newest`: the k newest, newest first
 * - `highest`: the k with the highest return, highest first, the newer of equals first
 * - `maxVariance`: the k whose returns differ most (greatest variance): the lowest and the highest
 */
export type EpisodeChoice = 'uniform' | 'random' | 'newest' | 'highest' | 'maxVariance'

/** `episodes` oldest first. At most `k` of them; as many as there are, where there are fewer (none of none). */
export function chooseEpisodes(
  episodes: readonly StoredEpisode[],
  k: number,
  choice: EpisodeChoice,
  rng: Pcg64,
): StoredEpisode[] {
  const n = episodes.length
  if (n === 0 || k === 0) return []
  switch (choice) {
    case 'uniform':
      return Array.from({ length: k }, () => episodes[rng.integers(n)]!)
    case 'random': {
      const order = Int32Array.from(episodes, (_, i) => i)
      const count = Math.min(k, n)
      for (let i = 0; i < count; i++) {
        const j = i + rng.integers(n - i)
        const chosen = order[j]!
        order[j] = order[i]!
        order[i] = chosen
      }
      return Array.from(order.subarray(0, count), (i) => episodes[i]!)
    }
    case 'newest':
      return episodes.slice(Math.max(0, n - k)).reverse()
    case 'highest':
      return byReturn(episodes).slice(0, k)
    case 'maxVariance':
      return mostVaried(byReturn(episodes), k)
  }
}

/** Highest first; sorting is stable, so newer ones are put first before. */
function byReturn(episodes: readonly StoredEpisode[]): StoredEpisode[] {
  return [...episodes].reverse().sort((a, b) => b.return - a.return)
}

/**
 * Of all sets of k the one of greatest variance is made of the h highest and the k - h lowest, for some h: an element
 * between two others can always be moved outwards without making the variance less.
 */
function mostVaried(sorted: readonly StoredEpisode[], k: number): StoredEpisode[] {
  const n = sorted.length
  if (n <= k) return [...sorted]
  let best = 0
  let most = -1
  for (let high = 0; high <= k; high++) {
    let mean = 0
    for (let i = 0; i < k; i++) mean += at(sorted, i, high, k).return / k
    let variance = 0
    for (let i = 0; i < k; i++) variance += (at(sorted, i, high, k).return - mean) ** 2 / k
    // Of equals the half-and-half set, which holds both ends; rounding must not decide.
    const nearer = Math.abs(2 * high - k) < Math.abs(2 * best - k)
    if (variance > most * (1 + 1e-12) || (nearer && variance >= most * (1 - 1e-12))) {
      best = high
      most = Math.max(most, variance)
    }
  }
  return Array.from({ length: k }, (_, i) => at(sorted, i, best, k))
}

/** Element i of the `high` first and the k - high last. */
function at(sorted: readonly StoredEpisode[], i: number, high: number, k: number): StoredEpisode {
  return sorted[i < high ? i : sorted.length - k + i]!
}
