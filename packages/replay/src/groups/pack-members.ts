/** Puts batches of episodes together out of fresh and stored ones. */
import type { StoredEpisode } from '../keyed/stored-episode.ts'
import type { EpisodeArray, GroupedEpisodes } from './grouped-episodes.ts'

/** One episode of the batch to be: a fresh one by its number, or a stored one. */
export interface Member {
  readonly group: number
  readonly task: number
  readonly fresh?: number
  readonly stored?: StoredEpisode
  /** An advantage that holds as it stands. */
  readonly frozen?: number
}

/** Members of one group must be adjacent; groups are renumbered in their order. */
export function packMembers(fresh: GroupedEpisodes, members: readonly Member[]): GroupedEpisodes {
  const n = members.length
  const offsets = new Int32Array(n + 1)
  members.forEach(({ fresh: e, stored }, i) => {
    offsets[i + 1] = offsets[i]! + (stored ? stored.length : fresh.offsets[e! + 1]! - fresh.offsets[e!]!)
  })
  const rows = offsets[n]!
  const freshRows = fresh.offsets[fresh.numEpisodes]!
  const columns: Record<string, EpisodeArray> = {}
  for (const [name, column] of Object.entries(fresh.columns)) {
    const size = column.length / freshRows
    const Type = column.constructor as new (length: number) => EpisodeArray
    const out = new Type(rows * size)
    for (let i = 0; i < n; ) {
      const { fresh: e, stored } = members[i]!
      if (stored) {
        const values = stored.columns[name]
        // A scripted episode has no log-probs: they are computed before they are read.
        if (values) out.set(values as EpisodeArray, offsets[i]! * size)
        else out.fill(Number.NaN, offsets[i]! * size, offsets[i + 1]! * size)
        i++
        continue
      }
      // Neighbours go together: most of a batch is as it was.
      let count = 1
      while (i + count < n && members[i + count]!.fresh === e! + count) count++
      out.set(column.subarray(fresh.offsets[e!]! * size, fresh.offsets[e! + count]! * size), offsets[i]! * size)
      i += count
    }
    columns[name] = out
  }
  const group = new Int32Array(n)
  for (let i = 1; i < n; i++) group[i] = group[i - 1]! + (members[i]!.group === members[i - 1]!.group ? 0 : 1)
  const read = (ofFresh: ArrayLike<number>, ofStored: (episode: StoredEpisode) => number) =>
    Float64Array.from(members, ({ fresh: e, stored }) => (stored ? ofStored(stored) : ofFresh[e!]!))
  const frozen = members.some((member) => member.frozen !== undefined)
  return {
    numEpisodes: n,
    columns,
    offsets,
    group,
    returns: read(fresh.returns, (episode) => episode.return),
    outcomes: read(fresh.outcomes, ({ outcome }) => outcome),
    truncated: Uint8Array.from(read(fresh.truncated, ({ truncated }) => (truncated ? 1 : 0))),
    taskIds: Float64Array.from(members, ({ task }) => task),
    failedEpisodes: fresh.failedEpisodes,
    ...(fresh.extra
      ? { extra: Uint8Array.from(members, ({ fresh: e }) => (e === undefined ? 0 : fresh.extra![e]!)) }
      : {}),
    replay: {
      replayed: Uint8Array.from(members, ({ stored }) => (stored ? 1 : 0)),
      ...(frozen ? { frozen: Float64Array.from(members, ({ frozen }) => frozen ?? Number.NaN) } : {}),
    },
  }
}
