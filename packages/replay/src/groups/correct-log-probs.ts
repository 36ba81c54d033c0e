/** What the ratios of replayed decisions start from. */
import type { EpisodeReplayConfig } from './config.ts'
import type { EpisodeArray, GroupedEpisodes } from './grouped-episodes.ts'
import type { ScoreRows } from './score-episodes.ts'

export interface Corrected {
  readonly batch: GroupedEpisodes
  /** Policy now over the policy that acted, over replayed decisions of which both are known. */
  readonly ratios: { readonly sum: number; readonly max: number; readonly count: number }
}

/**
 * `batch` with the log-probs of its replayed episodes as `oldLogProb` says. Only their rows are evaluated: those of fresh
 * episodes are the current policy's already.
 * - `recompute`: of the policy now: ratios are 1 at the first update, as if it had acted
 * - `stored`: of the policy that acted
 * - `decoupled`: of the policy now, and advantages times now / then: with rho = pi / then, clipping rho to
 *   [1 - low, 1 + high] now / then is clipping pi / now, times that factor
 * - `one`: 0, so that the ratio is the probability itself (LUFFY)
 */
export async function correctLogProbs(
  batch: GroupedEpisodes,
  oldLogProb: EpisodeReplayConfig['oldLogProb'],
  score: ScoreRows,
): Promise<Corrected> {
  const none = { sum: 0, max: 0, count: 0 }
  const { replay, offsets, numEpisodes } = batch
  if (!replay?.replayed.includes(1)) return { batch, ratios: none }
  const ranges = rangesOf(batch)
  const logProb = (batch.columns['logProb'] as Float32Array).slice()
  const columns: Record<string, EpisodeArray> = { ...batch.columns, logProb }
  if (oldLogProb === 'one') {
    for (const { from, to } of ranges) logProb.fill(0, from, to)
    return { batch: { ...batch, columns }, ratios: none }
  }
  const scores = await score(
    gather(batch, ranges),
    ranges.reduce((sum, { from, to }) => sum + to - from, 0),
  )
  const correction = oldLogProb === 'decoupled' ? new Float32Array(offsets[numEpisodes]!).fill(1) : undefined
  const ratios = { ...none }
  const reference = scores.referenceLogProb && (columns['referenceLogProb'] as Float32Array | undefined)?.slice()
  if (reference) columns['referenceLogProb'] = reference
  let i = 0
  for (const { from, to } of ranges) {
    for (let row = from; row < to; row++, i++) {
      const then = logProb[row]!
      const now = scores.logProb[i]!
      const known = !Number.isNaN(then)
      if (known) {
        const ratio = Math.exp(now - then)
        ratios.sum += ratio
        ratios.max = Math.max(ratios.max, ratio)
        ratios.count++
        if (correction) correction[row] = ratio
      }
      if (!known || oldLogProb !== 'stored') logProb[row] = now
      if (reference) reference[row] = scores.referenceLogProb![i]!
    }
  }
  return { batch: { ...batch, columns, replay: { ...replay, ...(correction ? { correction } : {}) } }, ratios }
}

interface Rows {
  readonly from: number
  /** One past the last. */
  readonly to: number
}

/** Rows of the replayed episodes; those of neighbours together. */
function rangesOf({ replay, offsets, numEpisodes }: GroupedEpisodes): Rows[] {
  const ranges: { from: number; to: number }[] = []
  for (let e = 0; e < numEpisodes; e++) {
    if (!replay!.replayed[e]) continue
    const last = ranges.at(-1)
    if (last?.to === offsets[e]) last!.to = offsets[e + 1]!
    else ranges.push({ from: offsets[e]!, to: offsets[e + 1]! })
  }
  return ranges
}

function gather({ columns, offsets, numEpisodes }: GroupedEpisodes, ranges: readonly Rows[]) {
  const total = offsets[numEpisodes]!
  const rows = ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  const out: Record<string, EpisodeArray> = {}
  for (const [name, column] of Object.entries(columns)) {
    const size = column.length / total
    const values = new (column.constructor as new (length: number) => EpisodeArray)(rows * size)
    let at = 0
    for (const { from, to } of ranges) {
      values.set(column.subarray(from * size, to * size), at)
      at += (to - from) * size
    }
    out[name] = values
  }
  return out
}
