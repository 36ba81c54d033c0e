import { allocate, allocateColumns, type Columns } from '@reprise/core'
import type { Batch } from '../batch.ts'
import { ENDED, generationAt, LIVE, type RingStore, TERMINATED } from '../store/ring-store.ts'
import { gatherRows } from '../store/rows.ts'
import { allocateDrawnRows, byName, checkGamma, checkInteger, nextName, withAxes } from './drawn-rows.ts'
import { FrameStack } from './frame-stack.ts'
import type { ItemSink, View } from './view.ts'

export interface NStepOptions {
  /** Steps of a return; fewer at an episode's end and at the newest data. */
  readonly n: number
  readonly gamma: number
  /** Observations of an item, oldest first: [B, frameStack, ...]. Default 1: no such axis. */
  readonly frameStack?: number
  /** Only transitions of finished episodes that are completely live, as hindsight needs. Default false. */
  readonly wholeEpisodes?: boolean
}

/** Single transitions: n-step returns with n = 1. */
export function transition(store: RingStore, options: Omit<NStepOptions, 'n'>): NStepView {
  return new NStepView(store, { ...options, n: 1 })
}

/** Transitions with n-step returns, summed when drawn. */
export function nStep(
  store: RingStore,
  n: number,
  gamma: number,
  options: Omit<NStepOptions, 'n' | 'gamma'> = {},
): NStepView {
  return new NStepView(store, { ...options, n, gamma })
}

/**
 * Item = a stored transition and the up to n - 1 steps after it in its episode:
 * m = min(n, steps to the termination, to the truncation, to the newest stored step), reward = sum of gamma^k r_k over
 * k < m, discount = gamma^m and 0 after a termination, nextObservation = what followed the m-th step. Every item says
 * its own m, so that no episode's end and no write head makes a wrong target.
 */
export class NStepView implements View<Batch> {
  readonly store: RingStore
  readonly n: number
  readonly gamma: number
  readonly items: string
  readonly #frames: FrameStack
  readonly #whole: boolean
  /** gamma^0 to gamma^n */
  readonly #powers: Float64Array
  /** Per row: slot of the last step, and where the next observation lies (~row of the episode table for final ones). */
  #last = new Int32Array(0)
  #next = new Int32Array(0)
  /** Takes what `#touch` reads, so that no compiler leaves it out. */
  touched = 0

  /** @throws RPR_OPTION_RANGE */
  constructor(store: RingStore, { n, gamma, frameStack = 1, wholeEpisodes = false }: NStepOptions) {
    checkInteger('n', n, 1)
    checkGamma(gamma)
    this.store = store
    this.n = n
    this.gamma = gamma
    this.#frames = new FrameStack(store, frameStack)
    this.#whole = wholeEpisodes
    this.items = `transitions, ${frameStack} frames${wholeEpisodes ? ', whole episodes' : ''}`
    this.#powers = new Float64Array(n + 1)
    for (let k = 0, power = 1; k <= n; k++, power *= gamma) this.#powers[k] = power
  }

  eligible(slot: number): boolean {
    const { store } = this
    if (!store.isLive(slot)) return false
    return this.#whole ? store.isWhole(store.episodeOf(slot)) : this.#frames.complete(slot)
  }

  isLast(slot: number): boolean {
    return (this.store.flags[slot]! & ENDED) !== 0
  }

  onWrite(sink: ItemSink): void {
    const { evicted, evictedCount, stored, storedCount } = this.store.changes
    for (let i = 0; i < evictedCount; i++) {
      sink.remove(evicted[i]!)
      // An episode that has lost its first step has lost all its items.
      const whole = this.#whole && this.store.steps[evicted[i]!] === 0
      const rest = whole ? this.store.perStream : this.#whole ? 0 : this.#frames.depth - 1
      removeRest(this.store, evicted[i]!, rest, sink)
    }
    if (this.#whole) this.#insertEnded(sink)
    else for (let i = 0; i < storedCount; i++) if (this.#frames.complete(stored[i]!)) sink.insert(stored[i]!)
  }

  #insertEnded(sink: ItemSink): void {
    const { store } = this
    const { ended, endedCount } = store.changes
    for (let i = 0; i < endedCount; i++) {
      const episode = store.episodeOf(ended[i]!)
      if (!store.isWhole(episode)) continue
      const length = store.episodes.length[episode]!
      let slot = store.episodes.start[episode]!
      for (let k = 0; k < length; k++, slot = store.next(slot)) sink.insert(slot)
    }
  }

  allocate(rows: number): Batch {
    const { store } = this
    const k = this.#frames.depth
    const leaves = k === 1 ? store.schema.observation : withAxes(store.schema.observation, k)
    const fields: Record<string, Columns[number]['data']> = byName(allocateColumns(store.fields, rows))
    for (const { path, dtype, size } of store.fields) {
      if (store.schema.fields[path]!.ofObservation) fields[nextName(path)] = allocate(dtype, rows * size)
    }
    return {
      ...allocateDrawnRows(rows),
      observation: allocateColumns(leaves, rows),
      nextObservation: allocateColumns(leaves, rows),
      fields,
      reward: new Float32Array(rows),
      discount: new Float32Array(rows),
      steps: new Int32Array(rows),
    }
  }

  gather(batch: Batch): void {
    const { store } = this
    const { rows, fields } = batch
    const { slots } = batch.handles
    if (this.#next.length < rows) {
      this.#next = new Int32Array(rows)
      this.#last = new Int32Array(rows)
    }
    this.#touch(slots, rows)
    if (this.n === 1) this.#single(batch)
    else this.#walk(batch)
    const next = this.#next
    this.#frames.gather(slots, rows, batch.observation)
    this.#frames.gatherNext(this.#last, next, rows, batch.nextObservation)
    let shared = store.observations.length
    for (let c = 0; c < store.fields.length; c++) {
      const { path, data, size } = store.fields[c]!
      const out = fields[path] as Columns[number]['data']
      gatherRows(data, data, size, slots, rows, out, size, 0)
      if (!store.schema.fields[path]!.ofObservation) continue
      const finals = store.episodes.finals[shared++]!.data
      gatherRows(data, finals, size, next, rows, fields[nextName(path)] as Columns[number]['data'], size, 0)
    }
  }

  /** Reads what the walk will, in loops so short that many cache misses are under way at once. */
  #touch(slots: Int32Array, rows: number): void {
    const { rewards, flags } = this.store
    let sink = 0
    for (let i = 0; i < rows; i++) sink += rewards[slots[i]!]!
    for (let i = 0; i < rows; i++) sink += flags[slots[i]!]!
    this.touched = sink
  }

  /** `#walk` for items of one step, which divides once per row. */
  #single(batch: Batch): void {
    const { rewards, flags, episodeRows, perStream, written } = this.store
    const { rows, reward, discount, steps, handles } = batch
    const { slots, generations } = handles
    const { gamma } = this
    const last = this.#last
    const next = this.#next
    for (let i = 0; i < rows; i++) {
      const slot = slots[i]!
      const flag = flags[slot]!
      const stream = Math.floor(slot / perStream)
      const first = stream * perStream
      generations[i] = generationAt(slot - first, written[stream]!, perStream)
      reward[i] = rewards[slot]!
      steps[i] = 1
      discount[i] = flag & TERMINATED ? 0 : gamma
      last[i] = slot
      next[i] = flag & ENDED ? ~episodeRows[slot]! : slot + 1 === first + perStream ? first : slot + 1
    }
  }

  /** Rewards, discounts, step counts, and where the items end. */
  #walk(batch: Batch): void {
    const { store, n } = this
    const { rewards, flags, episodeRows } = store
    const { rows, reward, discount, steps, handles } = batch
    const powers = this.#powers
    const last = this.#last
    const next = this.#next
    for (let i = 0; i < rows; i++) {
      let slot = handles.slots[i]!
      let after = store.next(slot)
      let flag = flags[slot]!
      let sum = rewards[slot]!
      let m = 1
      handles.generations[i] = store.generationOf(slot)
      // The slot after the newest step is the head, which is never live.
      while (m < n && (flag & ENDED) === 0 && (flags[after]! & LIVE) !== 0) {
        slot = after
        after = store.next(slot)
        flag = flags[slot]!
        sum += powers[m]! * rewards[slot]!
        m++
      }
      reward[i] = sum
      steps[i] = m
      discount[i] = flag & TERMINATED ? 0 : powers[m]!
      last[i] = slot
      next[i] = flag & ENDED ? ~episodeRows[slot]! : after
    }
  }
}

/** Removes up to `count` items after an evicted slot that lie in the same episode. */
function removeRest(store: RingStore, evicted: number, count: number, sink: ItemSink): void {
  if (store.flags[evicted]! & ENDED) return
  let slot = store.next(evicted)
  for (let k = 0; k < count && store.isLive(slot) && store.steps[slot]! > 0; k++) {
    sink.remove(slot)
    slot = store.next(slot)
  }
}
