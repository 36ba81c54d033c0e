import type { Columns, TypedArray } from '@reprise/core'

/** Which items the rows of a batch are: slot numbers with the generation that each slot had when it was drawn. */
export interface Handles {
  readonly slots: Int32Array
  readonly generations: Uint32Array
}

/**
 * Drawn rows, gathered into arrays that the batch owns: the same arrays in every draw. B = `rows`.
 * A transform may write into them: they are copies.
 */
export interface Batch {
  readonly rows: number
  /** [B, ...] the observation that the action answered. */
  readonly observation: Columns
  /** [B, ...] the observation after the last of the row's steps: the final one at an episode's end, never the next reset's. */
  readonly nextObservation: Columns
  /** [B, ...] the other stored columns by name: `action`, `mask`, `nextMask`, `logProb`, ... */
  readonly fields: Readonly<Record<string, TypedArray>>
  /** [B] sum over the row's m steps of gamma^k r: plain rewards for one-step views. */
  readonly reward: Float32Array
  /** [B] gamma^m, and 0 where the task itself ended: what the value of `nextObservation` is multiplied by. */
  readonly discount: Float32Array
  /** [B] m, the number of steps in the row. */
  readonly steps: Int32Array
  readonly handles: Handles
  /** [B] probability of the item in one draw. */
  readonly probabilities: Float64Array
  /** [B] importance weights; 1 where the draw needs none. */
  readonly weights: Float32Array
  /** [B] number of the part of a mix that the row came from; 0 outside mixes. */
  readonly source: Uint8Array
  /** [B] 1 where the row was generated, not experienced: feedback on it is ignored. */
  readonly synthetic: Uint8Array
}

/** What the learner tells about drawn rows; one number per row of the batch. */
export interface Signal {
  /** TD errors, signed or absolute: priorities are made of their absolute values. */
  readonly tdError?: ArrayLike<number>
  /** A score used as it is. */
  readonly score?: ArrayLike<number>
}

export interface FeedbackReport {
  readonly applied: number
  /** Rows whose slot has been overwritten since the draw. */
  readonly stale: number
  readonly synthetic: number
}
