import type { Serializable } from '@reprise/core'
import { capacityOf, fit } from './state.ts'

const NONE = -1

/**
 * Live slots by episode, each episode's in order of steps as a doubly linked list; episodes dense for uniform choice,
 * those whose last item has come before those that still go on. An episode is named by an entry number that is reused
 * when its last slot has left.
 */
export class EpisodeLists {
  readonly capacity: number
  /** Per slot: entry of its episode (NONE where not live), step, neighbours. */
  readonly #entry: Int32Array
  readonly #step: Int32Array
  readonly #before: Int32Array
  readonly #after: Int32Array
  /** Per entry: episode number, newest slot. */
  readonly #episode: Float64Array
  readonly #newest: Int32Array
  /** The first `entries` elements are entries in use, the finished ones first; the others are free. */
  readonly #dense: Int32Array
  readonly #place: Int32Array
  readonly #entryOf = new Map<number, number>()
  #entries = 0
  #finished = 0
  #size = 0

  constructor(capacitySlots: number) {
    this.capacity = capacityOf(capacitySlots)
    this.#entry = new Int32Array(capacitySlots).fill(NONE)
    this.#step = new Int32Array(capacitySlots)
    this.#before = new Int32Array(capacitySlots).fill(NONE)
    this.#after = new Int32Array(capacitySlots).fill(NONE)
    this.#episode = new Float64Array(capacitySlots)
    this.#newest = new Int32Array(capacitySlots).fill(NONE)
    this.#dense = Int32Array.from({ length: capacitySlots }, (_, i) => i)
    this.#place = this.#dense.slice()
  }

  /** Live slots. */
  get size(): number {
    return this.#size
  }

  /** Episodes to choose from: the finished ones, or where there is none those that go on. */
  get choices(): number {
    return this.#finished > 0 ? this.#finished : this.#entries
  }

  has(slot: number): boolean {
    return this.#entry[slot] !== NONE
  }

  /** Newest slot of the k-th episode to choose from. */
  newest(k: number): number {
    return this.#newest[this.#dense[k]!]!
  }

  /** The slot of the same episode before this one, or -1. */
  before(slot: number): number {
    return this.#before[slot]!
  }

  add(slot: number, episode: number, step: number, last: boolean): void {
    this.remove(slot)
    let entry = this.#entryOf.get(episode)
    if (entry === undefined) {
      entry = this.#dense[this.#entries++]!
      this.#entryOf.set(episode, entry)
      this.#episode[entry] = episode
      this.#newest[entry] = NONE
    }
    // Almost always the newest of its episode: the walk ends at once.
    let after = NONE
    let before = this.#newest[entry]!
    while (before !== NONE && this.#step[before]! > step) {
      after = before
      before = this.#before[before]!
    }
    this.#entry[slot] = entry
    this.#step[slot] = step
    this.#before[slot] = before
    this.#after[slot] = after
    if (before !== NONE) this.#after[before] = slot
    if (after !== NONE) this.#before[after] = slot
    else this.#newest[entry] = slot
    this.#size++
    if (last) this.#finish(entry)
  }

  /** No item will come to the episode any more; nothing happens where it has none now. */
  finish(episode: number): void {
    const entry = this.#entryOf.get(episode)
    if (entry !== undefined) this.#finish(entry)
  }

  #finish(entry: number): void {
    if (this.#place[entry]! >= this.#finished) this.#move(entry, this.#finished++)
  }

  remove(slot: number): void {
    const entry = this.#entry[slot]!
    if (entry === NONE) return
    const before = this.#before[slot]!
    const after = this.#after[slot]!
    if (before !== NONE) this.#after[before] = after
    if (after !== NONE) this.#before[after] = before
    else this.#newest[entry] = before
    this.#entry[slot] = NONE
    this.#before[slot] = NONE
    this.#after[slot] = NONE
    this.#size--
    if (this.#newest[entry] !== NONE) return
    this.#entryOf.delete(this.#episode[entry]!)
    if (this.#place[entry]! < this.#finished) this.#move(entry, --this.#finished)
    this.#move(entry, --this.#entries)
  }

  /** Swaps `entry` to `place` in the dense row. */
  #move(entry: number, place: number): void {
    const other = this.#dense[place]!
    const from = this.#place[entry]!
    this.#dense[from] = other
    this.#place[other] = from
    this.#dense[place] = entry
    this.#place[entry] = place
  }

  state(): Serializable {
    const entries = this.#dense.slice(0, this.#entries)
    return {
      entry: this.#entry.slice(),
      step: this.#step.slice(),
      before: this.#before.slice(),
      dense: this.#dense.slice(),
      episodes: Float64Array.from(entries, (entry) => this.#episode[entry]!),
      newest: entries.map((entry) => this.#newest[entry]!),
      finished: this.#finished,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH */
  load(state: Serializable): void {
    const saved = fit.record(state)
    const { capacity } = this
    const entry = fit.int32(saved, 'entry', capacity)
    const step = fit.int32(saved, 'step', capacity)
    const before = fit.int32(saved, 'before', capacity)
    const dense = fit.int32(saved, 'dense', capacity)
    const newest = fit.slots(saved['newest'], capacity)
    const episodes = fit.float64(saved, 'episodes', newest.length)
    const finished = fit.integer(saved, 'finished', 0, newest.length)
    if (new Set(fit.slots(dense, capacity)).size !== capacity) throw fit.error('entries occur twice')
    let live = 0
    for (let slot = 0; slot < capacity; slot++) if (entry[slot] !== NONE) live++
    // Every live slot must hang on exactly one list, in rising order of steps.
    let linked = 0
    for (let k = 0; k < newest.length; k++) {
      let slot = newest[k]!
      for (;;) {
        if (++linked > live || entry[slot] !== dense[k]) throw fit.error('its lists of episodes are broken')
        const next = before[slot]!
        if (next === NONE) break
        if (!(next >= 0 && next < capacity) || step[next]! > step[slot]!)
          throw fit.error('its lists of episodes are broken')
        slot = next
      }
    }
    if (linked !== live) throw fit.error('its lists of episodes are broken')
    this.#entry.set(entry)
    this.#step.set(step)
    this.#before.set(before)
    this.#after.fill(NONE)
    for (let slot = 0; slot < capacity; slot++) if (before[slot]! >= 0) this.#after[before[slot]!] = slot
    this.#dense.set(dense)
    for (let place = 0; place < capacity; place++) this.#place[dense[place]!] = place
    this.#newest.fill(NONE)
    this.#entryOf.clear()
    for (let k = 0; k < newest.length; k++) {
      this.#newest[dense[k]!] = newest[k]!
      this.#episode[dense[k]!] = episodes[k]!
      this.#entryOf.set(episodes[k]!, dense[k]!)
    }
    this.#entries = newest.length
    this.#finished = finished
    this.#size = live
  }
}
