/** Puts batches of episodes together out of fresh and stored ones. */
import type { StoredEpisode } from '../keyed/stored-episode.ts'
import type { EpisodeArray, GroupedEpisodes } from './grouped-episodes.ts'

/** A run of fresh episodes as they are, or one stored episode. */
export type Part = FreshRun | StoredMember

export interface FreshRun {
  readonly from: number
  /** One past the last. */
  readonly to: number
}

export interface StoredMember {
  /** Twice the number of the fresh group that it is in, plus 1 where it stands apart; negative: a stored group's own. */
  readonly group: number
  readonly task: number
  readonly stored: StoredEpisode
  /** An advantage that holds as it stands. */
  readonly frozen?: number
}

/** Columns that are written over and over: those of a batch of a thousand episodes are megabytes of new pages each time. */
export class PackScratch {
  readonly #columns = new Map<string, EpisodeArray>()

  take(name: string, like: EpisodeArray, length: number): EpisodeArray {
    let column = this.#columns.get(name)
    if (column === undefined || column.length < length || column.constructor !== like.constructor) {
      column = new (like.constructor as new (length: number) => EpisodeArray)(length)
      this.#columns.set(name, column)
    }
    return column.length === length ? column : column.subarray(0, length)
  }
}

/**
 * Members of one group must be adjacent; groups are renumbered in their order. The columns lie in `scratch`, until it is
 * used again.
 */
export function packMembers(fresh: GroupedEpisodes, parts: readonly Part[], scratch: PackScratch): GroupedEpisodes {
  let n = 0
  for (const part of parts) n += 'stored' in part ? 1 : part.to - part.from
  const offsets = offsetsOf(fresh, parts, n)
  const columns: Record<string, EpisodeArray> = {}
  for (const name in fresh.columns) columns[name] = packColumn(fresh, name, parts, offsets, scratch)
  const group = new Int32Array(n)
  const returns = new Float64Array(n)
  const outcomes = new Float64Array(n)
  const truncated = new Uint8Array(n)
  const taskIds = new Float64Array(n)
  const replayed = new Uint8Array(n)
  const extra = fresh.extra ? new Uint8Array(n) : undefined
  let frozen: Float64Array | undefined
  let number = -1
  let last = Number.NaN
  let i = 0
  for (const part of parts) {
    if ('stored' in part) {
      const { stored, task } = part
      if (part.group !== last) number++
      last = part.group
      group[i] = number
      returns[i] = stored.return
      outcomes[i] = stored.outcome
      truncated[i] = stored.truncated ? 1 : 0
      taskIds[i] = task
      replayed[i] = 1
      if (part.frozen !== undefined) {
        frozen ??= new Float64Array(n).fill(Number.NaN)
        frozen[i] = part.frozen
      }
      i++
      continue
    }
    for (let e = part.from; e < part.to; e++, i++) {
      if (2 * fresh.group[e]! !== last) number++
      last = 2 * fresh.group[e]!
      group[i] = number
      returns[i] = fresh.returns[e]!
      outcomes[i] = fresh.outcomes[e]!
      truncated[i] = fresh.truncated[e]!
      taskIds[i] = fresh.taskIds[e]!
      if (extra) extra[i] = fresh.extra![e]!
    }
  }
  return {
    ...{ numEpisodes: n, columns, offsets, group, returns, outcomes, truncated, taskIds },
    failedEpisodes: fresh.failedEpisodes,
    ...(extra ? { extra } : {}),
    replay: { replayed, ...(frozen ? { frozen } : {}) },
  }
}

function offsetsOf({ offsets }: GroupedEpisodes, parts: readonly Part[], n: number): Int32Array {
  const out = new Int32Array(n + 1)
  let i = 0
  for (const part of parts) {
    if ('stored' in part) {
      out[i + 1] = out[i]! + part.stored.length
      i++
      continue
    }
    const shift = out[i]! - offsets[part.from]!
    for (let e = part.from; e < part.to; e++, i++) out[i + 1] = offsets[e + 1]! + shift
  }
  return out
}

function packColumn(
  fresh: GroupedEpisodes,
  name: string,
  parts: readonly Part[],
  offsets: Int32Array,
  scratch: PackScratch,
): EpisodeArray {
  const column = fresh.columns[name]!
  const size = column.length / fresh.offsets[fresh.numEpisodes]!
  const out = scratch.take(name, column, offsets[offsets.length - 1]! * size)
  let i = 0
  for (const part of parts) {
    const at = offsets[i]! * size
    if ('stored' in part) {
      const values = part.stored.columns[name]
      // A scripted episode has no log-probs: they are computed before they are read.
      if (values) out.set(values as EpisodeArray, at)
      else out.fill(Number.NaN, at, offsets[i + 1]! * size)
      i++
      continue
    }
    out.set(column.subarray(fresh.offsets[part.from]! * size, fresh.offsets[part.to]! * size), at)
    i += part.to - part.from
  }
  return out
}
