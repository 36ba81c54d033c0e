import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from './draw-context.ts'

/** What a selector is told of an item when it becomes eligible. */
export interface ItemInfo {
  /** Priority, return, ...: whatever the selector ranks by. Absent: the selector's own rule for new items. */
  readonly score?: number
  /** Number of the episode that the item lies in, counted up over all streams, and its step there. */
  readonly episode: number
  readonly step: number
  /** True where the item is the last of its episode. */
  readonly last: boolean
  /** Class, task or other group, for class-balanced choices. */
  readonly label?: number
}

/** What a pick gives, preallocated by the caller: `count` slots with the probability each had. */
export interface Picks {
  readonly slots: Int32Array
  /** Probability of the slot in one draw; where a draw has no such thing (newest, reverse order), 1 / size. */
  readonly probabilities: Float64Array
}

/**
 * Chooses among live slots: which to learn from (draw) or which to give up (keep). A slot is a number in
 * [0, capacity); it is inserted when it becomes eligible and removed when it ceases to be. Nothing is allocated in
 * `insert`, `remove`, `update` and `pick`.
 */
export interface Selector {
  /** Live slots. */
  readonly size: number
  /** True where the choice reads scores: every draw then waits for the feedback of the one before. */
  readonly usesScores: boolean
  /** Inserting a live slot anew moves it: same as remove and insert. */
  insert(slot: number, info: ItemInfo): void
  /**
   * The episode of this number has ended, if not by an item that said so (`last`): by an interruption, or in a step that
   * is no item. Selectors that do not look at episodes leave it out.
   */
  finish?(episode: number): void
  /** Slots that are not live are ignored. */
  remove(slot: number): void
  /** A new score; ignored by selectors that read none. @throws RPR_REPLAY_SCORE for NaN, infinities, negatives */
  update(slot: number, score: number): void
  /**
   * `update` for the first `count` slots in their order, so the last of equal slots wins; faster where the selector
   * has it. @throws RPR_REPLAY_SCORE before anything has changed
   */
  updateAll?(slots: Int32Array, scores: ArrayLike<number>, count: number): void
  /** Draws `count` slots into `out`. @throws RPR_REPLAY_EMPTY where there is none, or too few without replacement */
  pick(out: Picks, count: number, rng: Pcg64, context: DrawContext): void
  /** Importance weights of the last pick into `out` [count], where the selector has some: else 1 is meant. */
  weights?(picks: Picks, count: number, out: Float32Array, context: DrawContext): void
  /** Figures for the log: `priority_max`, `priority_entropy`, `beta`. */
  metrics?(context: DrawContext): Record<string, number>
  /** Everything that later picks depend on, as typed arrays and plain data. */
  state(): Serializable
  load(state: Serializable): void
}
