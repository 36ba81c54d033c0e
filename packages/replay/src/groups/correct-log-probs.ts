/** What the ratios of decisions start from. */
import type { EpisodeReplayConfig } from './config.ts'
import type { EpisodeArray, GroupedEpisodes } from './grouped-episodes.ts'
import type { ScoreRows } from './score-episodes.ts'

export interface Corrected {
  readonly batch: GroupedEpisodes
  /** Policy now over the policy that acted, over replayed decisions of which both are known. */
  readonly ratios: { readonly sum: number; readonly max: number; readonly count: number }
}

/**
 * `batch` with its log-probs as `oldLogProb` says. All but `recompute` evaluate rows of replayed episodes only, and leave
 * those of fresh ones as they were when the policy acted.
 * - `recompute`: of the policy now, also for fresh episodes: ratios are 1 at the first update, as if it had acted
 * - `stored`: of the policy that acted
 * - `decoupled`: of the policy now, and advantages times now / then: with rho = pi / then, clipping rho to
 *   [1 - low, 1 + high] now / then is clipping pi / now, times that factor
 * - `one`: 0, so that the ratio is the probability itself (LUFFY)
 *
 * `trained` [numEpisodes]: fresh episodes that `recompute` must evaluate, where not all are trained on.
 */
export async function correctLogProbs(
  batch: GroupedEpisodes,
  oldLogProb: EpisodeReplayConfig['oldLogProb'],
  score: ScoreRows,
  trained?: Uint8Array,
): Promise<Corrected> {
  const none = { sum: 0, max: 0, count: 0 }
  const { replay, offsets, numEpisodes } = batch
  const evaluated = new Uint8Array(numEpisodes)
  if (oldLogProb === 'recompute') {
    if (trained) evaluated.set(trained)
    else evaluated.fill(1)
  }
  if (replay) for (let e = 0; e < numEpisodes; e++) if (replay.replayed[e] === 1) evaluated[e] = 1
  if (!evaluated.includes(1)) return { batch, ratios: none }
  const ranges = rangesOf(batch, evaluated)
  const logProb = (batch.columns['logProb'] as Float32Array).slice()
  const columns: Record<string, EpisodeArray> = { ...batch.columns, logProb }
  if (oldLogProb === 'one') {
    for (const { from, to } of ranges) logProb.fill(0, from, to)
    return { batch: { ...batch, columns }, ratios: none }
  }
  const whole = ranges.length === 1 && ranges[0]!.to - ranges[0]!.from === offsets[numEpisodes]
  const scores = await score(
    whole ? batch.columns : gather(batch, ranges),
    ranges.reduce((sum, { from, to }) => sum + to - from, 0),
    whole ? offsets : evaluatedOffsets(batch, evaluated),
  )
  const correction = oldLogProb === 'decoupled' ? new Float32Array(offsets[numEpisodes]!).fill(1) : undefined
  const ratios = { ...none }
  const reference = scores.referenceLogProb && (columns['referenceLogProb'] as Float32Array | undefined)?.slice()
  if (reference) columns['referenceLogProb'] = reference
  let i = 0
  for (let e = 0; e < numEpisodes; e++) {
    if (evaluated[e] === 0) continue
    const isReplayed = replay?.replayed[e] === 1
    for (let row = offsets[e]!; row < offsets[e + 1]!; row++, i++) {
      const then = logProb[row]!
      const now = scores.logProb[i]!
      // Scripted episodes have none.
      const known = !Number.isNaN(then)
      if (known && isReplayed) {
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
  const corrected = replay && correction ? { replay: { ...replay, correction } } : {}
  return { batch: { ...batch, columns, ...corrected }, ratios }
}

interface Rows {
  readonly from: number
  /** One past the last. */
  readonly to: number
}

/** Rows of the flagged episodes; those of neighbours together. */
function rangesOf({ offsets, numEpisodes }: GroupedEpisodes, flags: Uint8Array): Rows[] {
  const ranges: { from: number; to: number }[] = []
  for (let e = 0; e < numEpisodes; e++) {
    if (flags[e] === 0) continue
    const last = ranges.at(-1)
    if (last?.to === offsets[e]) last!.to = offsets[e + 1]!
    else ranges.push({ from: offsets[e]!, to: offsets[e + 1]! })
  }
  return ranges
}

/** Where each flagged episode begins among the rows of all of them. */
function evaluatedOffsets({ offsets, numEpisodes }: GroupedEpisodes, flags: Uint8Array): Int32Array {
  const out = [0]
  for (let e = 0; e < numEpisodes; e++) if (flags[e] === 1) out.push(out.at(-1)! + offsets[e + 1]! - offsets[e]!)
  return Int32Array.from(out)
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
