import type { Columns } from '@reprise/core'

/**
 * Names an item for ever: text, or up to four safe integers >= 0 (run, actor, episode, chunk). What was stored under a
 * key is not stored again, so that data may be delivered more than once.
 */
export type ItemKey = string | readonly number[]

/**
 * One step of every stream, as a SameStep vector environment offers it. Row i belongs to stream i; N = streams.
 * Within an episode the observation of a step is the next observation of the step before: `observation` is read only
 * for rows that begin an episode.
 */
export interface VectorStep {
  /** [N, ...] the observations that the actions answered. */
  readonly observation: Columns
  /** [N, ...] the stored columns by name, flat. Those `ofObservation` belong to `observation`. */
  readonly fields: Readonly<Record<string, ArrayLike<number>>>
  /** [N] */
  readonly reward: ArrayLike<number>
  /** [N] 1 where the task itself ended. */
  readonly terminated: ArrayLike<number>
  /** [N] 1 where the episode was cut. */
  readonly truncated: ArrayLike<number>
  /** [N] 1 where the row is no transition: it is not stored. */
  readonly skipped?: ArrayLike<number>
  /** [N, ...] the observations after the step; where an episode ended, not read (it is the next episode's first). */
  readonly nextObservation: Columns
  /** [N, ...] the last observations of the episodes that ended in this step; read only there. */
  readonly finalObservation: Columns
  /** Fields `ofObservation` that belong to `nextObservation`; needed where the schema has any. */
  readonly nextFields?: Readonly<Record<string, ArrayLike<number>>>
  /** Likewise for `finalObservation`. */
  readonly finalFields?: Readonly<Record<string, ArrayLike<number>>>
  /** [N] key of each row; undefined where a row has none. */
  readonly keys?: readonly (ItemKey | undefined)[]
}

/** What became of the rows of one `add`. The same object in every call. */
export interface AddReport {
  readonly stored: number
  /** Rows whose key had been stored before. */
  readonly duplicates: number
  readonly skipped: number
}

/**
 * What the last `add` or `interrupt` changed: the first `...Count` entries of each list. Evictions come first in each
 * stream: the slot that is given up is the one after the slot that was written. The same object in every call.
 */
export interface StoreChanges {
  /** Slots that ceased to be live. Their step and flags can still be read, their observation cannot. */
  readonly evicted: Int32Array
  readonly evictedCount: number
  /** Slots that hold a new transition. */
  readonly stored: Int32Array
  readonly storedCount: number
  /** Slots of the last steps of episodes that ended or were cut. */
  readonly ended: Int32Array
  readonly endedCount: number
}
