import type { Columns } from '@reprise/core'
import type { RingStore } from '../store/ring-store.ts'
import { gatherRows } from '../store/rows.ts'
import { checkInteger } from './drawn-rows.ts'

/**
 * Gathers the last `depth` observations of each row from single stored frames: the store keeps no frame twice. Frames
 * before an episode's start are its first frame. With depth 1 a plain gather.
 */
export class FrameStack {
  readonly depth: number
  readonly #store: RingStore
  #index = new Int32Array(0)

  /** @throws RPR_OPTION_RANGE unless the frames of one item fit into a stream */
  constructor(store: RingStore, depth: number) {
    checkInteger('frameStack', depth, 1, store.perStream - 1)
    this.#store = store
    this.depth = depth
  }

  /** True where every frame of the live slot is live. */
  complete(slot: number): boolean {
    const store = this.#store
    let frames = Math.min(this.depth - 1, store.steps[slot]!)
    for (let at = slot; frames > 0; frames--) {
      at = store.previous(at)
      if (!store.isLive(at)) return false
    }
    return true
  }

  /** The observations that the steps in `slots` answered. */
  gather(slots: Int32Array, rows: number, out: Columns): void {
    const { observations, steps, perStream } = this.#store
    if (this.depth === 1) {
      this.#gatherFrame(observations, observations, slots, rows, out, 0)
      return
    }
    const index = this.#scratch(rows)
    for (let frame = 0; frame < this.depth; frame++) {
      for (let i = 0; i < rows; i++) {
        const slot = slots[i]!
        index[i] = before(slot, Math.min(this.depth - 1 - frame, steps[slot]!), perStream)
      }
      this.#gatherFrame(observations, observations, index, rows, out, frame)
    }
  }

  /** The observations after the steps in `last`, which lie in `next` (~row of the episode table for final ones). */
  gatherNext(last: Int32Array, next: Int32Array, rows: number, out: Columns): void {
    const { observations, steps, perStream, episodes } = this.#store
    const newest = this.depth - 1
    if (newest > 0) {
      const index = this.#scratch(rows)
      for (let frame = 0; frame < newest; frame++) {
        for (let i = 0; i < rows; i++) {
          const slot = last[i]!
          index[i] = before(slot, Math.min(newest - 1 - frame, steps[slot]!), perStream)
        }
        this.#gatherFrame(observations, observations, index, rows, out, frame)
      }
    }
    this.#gatherFrame(observations, episodes.finals, next, rows, out, newest)
  }

  #gatherFrame(data: Columns, finals: Columns, index: Int32Array, rows: number, out: Columns, frame: number): void {
    for (let c = 0; c < data.length; c++) {
      const { size } = data[c]!
      gatherRows(data[c]!.data, finals[c]!.data, size, index, rows, out[c]!.data, this.depth * size, frame * size)
    }
  }

  #scratch(rows: number): Int32Array {
    if (this.#index.length < rows) this.#index = new Int32Array(rows)
    return this.#index
  }
}

/** The slot `count` steps before, in the same ring. */
function before(slot: number, count: number, perStream: number): number {
  const position = slot % perStream
  return position >= count ? slot - count : slot - count + perStream
}
