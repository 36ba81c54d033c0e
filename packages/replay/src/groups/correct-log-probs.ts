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
  const rows: number[] = []
  for (let e = 0; e < numEpisodes; e++)
    if (replay.replayed[e]) for (let row = offsets[e]!; row < offsets[e + 1]!; row++) rows.push(row)
  const logProb = (batch.columns['logProb'] as Float32Array).slice()
  const columns: Record<string, EpisodeArray> = { ...batch.columns, logProb }
  if (oldLogProb === 'one') {
    for (const row of rows) logProb[row] = 0
    return { batch: { ...batch, columns }, ratios: none }
  }
  const scores = await score(gather(batch, rows), rows.length)
  const correction = oldLogProb === 'decoupled' ? new Float32Array(offsets[numEpisodes]!).fill(1) : undefined
  const ratios = { ...none }
  rows.forEach((row, i) => {
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
  })
  if (columns['referenceLogProb'] && scores.referenceLogProb) {
    const reference = (columns['referenceLogProb'] as Float32Array).slice()
    rows.forEach((row, i) => {
      reference[row] = scores.referenceLogProb![i]!
    })
    columns['referenceLogProb'] = reference
  }
  return { batch: { ...batch, columns, replay: { ...replay, ...(correction ? { correction } : {}) } }, ratios }
}

function gather({ columns, offsets, numEpisodes }: GroupedEpisodes, rows: readonly number[]) {
  const total = offsets[numEpisodes]!
  const out: Record<string, EpisodeArray> = {}
  for (const [name, column] of Object.entries(columns)) {
    const size = column.length / total
    const values = new (column.constructor as new (length: number) => EpisodeArray)(rows.length * size)
    rows.forEach((row, i) => {
      values.set(column.subarray(row * size, (row + 1) * size), i * size)
    })
    out[name] = values
  }
  return out
}
