/** What a draw may depend on beside the stored items: nothing else is global. */
export interface DrawContext {
  /** Share of the run that is done, in [0, 1]: what schedules read (beta, eta). */
  readonly progress: number
  /** This draw's place in its burst of updates: `index` of `count`, from 0. ERE reads it. */
  readonly burst: { readonly index: number; readonly count: number }
}

export const START: DrawContext = { progress: 0, burst: { index: 0, count: 1 } }
