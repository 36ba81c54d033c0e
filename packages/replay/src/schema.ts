import type { ColumnDtype, LeafSpec } from '@reprise/core'

/** What one stored row holds beside reward and flags. */
export interface StoreSchema {
  /** Leaves of the observation space, any space of fixed size. */
  readonly observation: readonly LeafSpec[]
  /** Other columns by name: action, logProb, mask, policyVersion, task, rnnState, ... Shapes without the row axis. */
  readonly fields: Readonly<Record<string, FieldSpec>>
}

export interface FieldSpec {
  readonly dtype: ColumnDtype
  readonly shape: readonly number[]
  /**
   * Also wanted for the next observation: the batch then has `next<Name>` (`mask` -> `nextMask`). The column belongs to
   * the observation, like an action mask, and is stored for final observations too.
   */
  readonly ofObservation?: boolean
}
