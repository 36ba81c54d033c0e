import type { Handles } from '../batch.ts'
import type { RingStore } from '../store/ring-store.ts'

/** What every drawn batch has, whatever its items are. */
export interface DrawnRows {
  readonly rows: number
  readonly handles: Handles
  /** [rows] */
  readonly probabilities: Float64Array
  /** [rows] */
  readonly weights: Float32Array
  /** [rows] */
  readonly source: Uint8Array
  /** [rows] */
  readonly synthetic: Uint8Array
}

/** Who is told which items come and go. */
export interface ItemSink {
  insert(slot: number): void
  /** Also called for slots that are no items. */
  remove(slot: number): void
}

/**
 * What an item is: a pure function of a store. An item is named by one slot (the first that it covers), and it is
 * eligible only while every slot that it touches is live. Nothing is allocated in `onWrite` and `gather`.
 */
export interface View<B extends DrawnRows> {
  readonly store: RingStore
  /** What eligibility depends on, in words: replays are restored only into views of equal items. */
  readonly items: string
  /** Whether `slot` names an item now. What `onWrite` reports is this, step by step. */
  eligible(slot: number): boolean
  /** Tells `sink` which items the store's last change brought and took. */
  onWrite(sink: ItemSink): void
  /** True where the item in `slot` ends its episode. */
  isLast(slot: number): boolean
  allocate(rows: number): B
  /** Fills the columns of `batch` and the generations of its handles from `batch.handles.slots`. */
  gather(batch: B): void
}
