import { type Pcg64, RepriseError, type Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { IndexedHeap } from './indexed-heap.ts'
import { fit, refuseEmpty } from './state.ts'

/** The item of the least score, whatever its sign: to give up the worst. Every pick of several gives the same one. */
export class MinScoreSelector implements Selector {
  readonly usesScores = true
  /** Of negated scores. */
  readonly #heap: IndexedHeap

  constructor(capacitySlots: number) {
    this.#heap = new IndexedHeap(capacitySlots)
  }

  get size(): number {
    return this.#heap.size
  }

  /** Score of a live slot. */
  score(slot: number): number {
    return -this.#heap.score(slot)
  }

  /** @throws RepriseError RPR_REPLAY_SCORE where the item has no finite score */
  insert(slot: number, info: ItemInfo): void {
    this.#heap.set(slot, -finiteScore(slot, info.score))
  }

  remove(slot: number): void {
    this.#heap.remove(slot)
  }

  update(slot: number, score: number): void {
    finiteScore(slot, score)
    if (this.#heap.has(slot)) this.#heap.set(slot, -score)
  }

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, _rng: Pcg64, _context: DrawContext): void {
    const { size, order } = this.#heap
    if (size === 0) refuseEmpty(0, count)
    for (let k = 0; k < count; k++) {
      out.slots[k] = order[0]!
      out.probabilities[k] = 1
    }
  }

  state(): Serializable {
    return { kind: 'minScore', heap: this.#heap.state() }
  }

  load(state: Serializable): void {
    this.#heap.load(fit.kind(state, 'minScore')['heap'] ?? null)
  }
}

/** The score where it is a finite number. @throws RepriseError RPR_REPLAY_SCORE */
export function finiteScore(slot: number | undefined, score: number | undefined): number {
  if (score !== undefined && Number.isFinite(score)) return score
  const where = slot === undefined ? 'An offered item' : `The item of slot ${slot}`
  throw new RepriseError('RPR_REPLAY_SCORE', `${where} has the score ${score}.`, {
    value: score,
    hint: 'Give each item a finite score: its return, its reward, ...',
  })
}
