/** A replay as plain data: what the run folder records, what an ablation varies. */
export interface ReplayConfig {
  /** Transitions kept, over all streams. */
  readonly capacity: number
  readonly gamma: number
  /** Steps of a return; 1 for plain transitions. */
  readonly nSteps: number
  readonly draw: DrawConfig
  /** The newest transition of each stream is always in the batch (combined experience replay). */
  readonly withLatest: boolean
  /** Goals replaced in hindsight; absent: none. */
  readonly hindsight?: { readonly strategy: 'future' | 'final' | 'episode'; readonly perReal: number }
}

export type DrawConfig =
  | { readonly kind: 'uniform'; readonly replacement: boolean }
  | {
      readonly kind: 'proportional' | 'rank'
      readonly alpha: number
      /** A number or a schedule over the run: `linear(0.4, 1)`. */
      readonly beta: number | string
      readonly epsilon: number
      readonly normalizeBy: 'batchMax' | 'globalMin'
      readonly newPriority: 'runningMax' | 'currentMax' | 'one'
      readonly stratified: boolean
    }
  /** Loss-adjusted prioritisation: max(|tdError|, floor)^alpha, no importance weights. */
  | { readonly kind: 'lap'; readonly alpha: number; readonly floor: number }
  /** Emphasising recent experience: update k of K draws from the newest N eta^(1000 k / K). */
  | { readonly kind: 'recency'; readonly eta: number | string; readonly least: number }
  /** Episodes chosen uniformly, their transitions from last to first. */
  | { readonly kind: 'reverse' }
