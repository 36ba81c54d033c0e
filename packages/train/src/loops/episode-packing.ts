/** From a batch of episodes that ran side by side, step by step, to rows packed episode after episode. */
import type { EpisodeGroups } from '@reprise/algorithms'
import type { HostArray } from '@reprise/backend'

/** Columns that grow by whole steps: [T, width, ...], T unknown beforehand. */
export class StepColumns {
  readonly #width: number
  readonly #columns: Record<string, HostArray> = {}
  readonly #rowSizes: Record<string, number> = {}

  constructor(width: number) {
    this.#width = width
  }

  store(name: string, values: HostArray, t: number): void {
    this.#rowSizes[name] = values.length / this.#width
    let column = this.#columns[name]
    const needed = (t + 1) * values.length
    if (!column || column.length < needed) {
      const Type = values.constructor as new (length: number) => HostArray
      const grown = new Type(Math.max(needed, 2 * (column?.length ?? 32 * values.length)))
      if (column) grown.set(column)
      column = this.#columns[name] = grown
    }
    column.set(values, t * values.length)
  }

  /** Rows of the given environment rows, `lengths[i]` steps each, one after the other. */
  pack(envRows: readonly number[], lengths: ArrayLike<number>): Record<string, HostArray> {
    let rows = 0
    for (const row of envRows) rows += lengths[row]!
    const packed: Record<string, HostArray> = {}
    for (const [name, column] of Object.entries(this.#columns)) {
      const size = this.#rowSizes[name]!
      const Type = column.constructor as new (length: number) => HostArray
      const out = new Type(rows * size)
      const stride = this.#width * size
      let at = 0
      for (const row of envRows) {
        const length = lengths[row]!
        if (size === 1) {
          for (let t = 0, from = row; t < length; t++, from += stride) out[at++] = column[from]!
          continue
        }
        for (let t = 0, from = row * size; t < length; t++, from += stride)
          for (let k = 0; k < size; k++) out[at++] = column[from + k]!
      }
      packed[name] = out
    }
    return packed
  }
}

/** Joins batches of episodes and keeps those that are flagged, at most `maxGroups` groups; groups are renumbered. */
export function joinEpisodes(
  parts: readonly EpisodeGroups[],
  keep: readonly Uint8Array[],
  maxGroups: number,
): EpisodeGroups {
  const chosen: { part: number; episode: number; group: number }[] = []
  let groups = -1
  for (let p = 0; p < parts.length; p++) {
    const part = parts[p]!
    let last = -1
    for (let e = 0; e < part.numEpisodes; e++) {
      if (!keep[p]![e]) continue
      if (part.group[e] !== last) {
        last = part.group[e]!
        groups++
      }
      if (groups < maxGroups) chosen.push({ part: p, episode: e, group: groups })
    }
  }
  return gatherEpisodes(parts, chosen)
}

/** Batches one after the other, whole; groups are renumbered. */
export function concatEpisodes(parts: readonly EpisodeGroups[]): EpisodeGroups {
  return joinEpisodes(
    parts,
    parts.map(({ numEpisodes }) => new Uint8Array(numEpisodes).fill(1)),
    Number.POSITIVE_INFINITY,
  )
}

/**
 * Adds the episodes of a second round to the groups that played it. `groups[p][g]`: which group of the batch to be is
 * group g of part p; the first part has them all, in their order.
 */
export function joinRounds(parts: readonly EpisodeGroups[], groups: readonly (readonly number[])[]): EpisodeGroups {
  const chosen = parts.flatMap((part, p) =>
    Array.from({ length: part.numEpisodes }, (_, episode) => ({
      part: p,
      episode,
      group: groups[p]![part.group[episode]!]!,
    })),
  )
  // Sorting is stable: within a group the first round comes first.
  chosen.sort((a, b) => a.group - b.group)
  return { ...gatherEpisodes(parts, chosen), extra: Uint8Array.from(chosen, ({ part }) => (part > 0 ? 1 : 0)) }
}

interface Chosen {
  readonly part: number
  readonly episode: number
  readonly group: number
}

function gatherEpisodes(parts: readonly EpisodeGroups[], chosen: readonly Chosen[]): EpisodeGroups {
  const offsets = new Int32Array(chosen.length + 1)
  chosen.forEach(({ part, episode }, i) => {
    const from = parts[part]!.offsets
    offsets[i + 1] = offsets[i]! + from[episode + 1]! - from[episode]!
  })
  const rows = offsets[chosen.length]!
  const runs = runsOf(parts, chosen, offsets)
  const columns: Record<string, HostArray> = {}
  // A batch whose episodes all failed at their start has no columns.
  const like = parts.find(({ numEpisodes }) => numEpisodes > 0) ?? parts[0]!
  for (const [name, first] of Object.entries(like.columns)) {
    const size = first.length / like.offsets[like.numEpisodes]!
    const Type = first.constructor as new (length: number) => HostArray
    const out = new Type(rows * size)
    for (const { part, from, to, at } of runs)
      out.set(parts[part]!.columns[name]!.subarray(from * size, to * size), at * size)
    columns[name] = out
  }
  const gather = <A extends Float64Array | Uint8Array>(
    Type: new (length: number) => A,
    read: (part: EpisodeGroups) => A,
  ): A => {
    const out = new Type(chosen.length)
    chosen.forEach(({ part, episode }, i) => {
      out[i] = read(parts[part]!)[episode]!
    })
    return out
  }
  const flags = (read: (part: EpisodeGroups) => Uint8Array | undefined) =>
    Uint8Array.from(chosen, ({ part, episode }) => read(parts[part]!)?.[episode] ?? 0)
  const frozen = parts.some(({ replay }) => replay?.frozen)
  return {
    ...(parts.some(({ extra }) => extra) ? { extra: flags(({ extra }) => extra) } : {}),
    ...(parts.some(({ replay }) => replay)
      ? {
          replay: {
            replayed: flags(({ replay }) => replay?.replayed),
            ...(frozen
              ? {
                  frozen: Float64Array.from(
                    chosen,
                    ({ part, episode }) => parts[part]!.replay?.frozen?.[episode] ?? Number.NaN,
                  ),
                }
              : {}),
          },
        }
      : {}),
    numEpisodes: chosen.length,
    columns,
    offsets,
    group: Int32Array.from(chosen, ({ group }) => group),
    returns: gather(Float64Array, (part) => part.returns),
    outcomes: gather(Float64Array, (part) => part.outcomes),
    truncated: gather(Uint8Array, (part) => part.truncated),
    taskIds: gather(Float64Array, (part) => part.taskIds),
    failedEpisodes: parts.reduce((sum, part) => sum + part.failedEpisodes, 0),
  }
}

/** The rows of chosen episodes, those of neighbours together: each run is one copy. `offsets`: where each comes to lie. */
function runsOf(parts: readonly EpisodeGroups[], chosen: readonly Chosen[], offsets: Int32Array) {
  const runs: { readonly part: number; readonly from: number; to: number; readonly at: number }[] = []
  for (const [i, { part, episode }] of chosen.entries()) {
    const { offsets: own } = parts[part]!
    const last = runs.at(-1)
    if (last?.part === part && last.to === own[episode]) last.to = own[episode + 1]!
    else runs.push({ part, from: own[episode]!, to: own[episode + 1]!, at: offsets[i]! })
  }
  return runs
}
