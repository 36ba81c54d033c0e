/** Whole episodes in groups, as group algorithms learn from them. */

export type EpisodeArray = Float32Array | Int32Array | Uint8Array

/**
 * Rows are decisions, packed: episode after episode, so that episode e holds rows `offsets[e]` to `offsets[e + 1]`.
 * Failed episodes are dropped before and only counted.
 */
export interface GroupedEpisodes {
  readonly numEpisodes: number
  /** [rows, ...]: observation, every output of `act`, mask where declared. */
  readonly columns: { readonly [name: string]: EpisodeArray }
  /** [numEpisodes + 1] */
  readonly offsets: Int32Array
  /** [numEpisodes] group number, 0 to groups - 1: episodes of one group are adjacent. */
  readonly group: Int32Array
  /** [numEpisodes] undiscounted return. */
  readonly returns: Float64Array
  /** [numEpisodes] success in [0, 1], NaN where the environment reports none. */
  readonly outcomes: Float64Array
  /** [numEpisodes] 1 where the episode was cut off. */
  readonly truncated: Uint8Array
  /**
   * [numEpisodes] which task was played: the environment's own task id, and where it names none a 48-bit hash of the
   * reset seed and the reset options. Equal tasks have equal ids, in every run.
   */
  readonly taskIds: Float64Array
  readonly failedEpisodes: number
  /** [numEpisodes] 1 where the episode was played beyond the group's size, in a second round. Absent: none was. */
  readonly extra?: Uint8Array
  /** Which episodes were not played just now. Absent: all were. */
  readonly replay?: ReplayedEpisodes
}

export interface ReplayedEpisodes {
  /** [numEpisodes] 1 where the episode was put in from a store. */
  readonly replayed: Uint8Array
  /** [numEpisodes] an advantage that holds as it stands; NaN: computed from the group. Absent: all are computed. */
  readonly frozen?: Float64Array
  /** [rows] factor on the advantage of a row: policy now over the policy that acted (decoupled). Absent: 1. */
  readonly correction?: Float32Array
}

export interface GroupRange {
  readonly from: number
  /** One past the last. */
  readonly to: number
}

/** The episodes of each group. */
export function groupsOf({ numEpisodes, group }: Pick<GroupedEpisodes, 'numEpisodes' | 'group'>): GroupRange[] {
  const ranges: GroupRange[] = []
  let from = 0
  for (let e = 1; e <= numEpisodes; e++) {
    if (e < numEpisodes && group[e] === group[from]) continue
    ranges.push({ from, to: e })
    from = e
  }
  return ranges
}
