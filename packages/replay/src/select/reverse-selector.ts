import type { Pcg64, Serializable } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { ItemInfo, Picks, Selector } from '../selector.ts'
import { EpisodeLists } from './episode-lists.ts'
import { fit, refuseEmpty } from './state.ts'

/**
 * Reverse order (episodic backward update, Lee et al. 2019): an episode chosen uniformly, its transitions from last to
 * first, then the next episode; a batch goes on where the one before ended. Episodes that still go on are chosen only
 * while none is finished. Probabilities are 1 / size: a walk has none.
 */
export class ReverseSelector implements Selector {
  readonly usesScores = false
  readonly #episodes: EpisodeLists
  /** The slot that comes next, or -1 where an episode has to be chosen. */
  #next = -1

  constructor(capacitySlots: number) {
    this.#episodes = new EpisodeLists(capacitySlots)
  }

  get size(): number {
    return this.#episodes.size
  }

  insert(slot: number, info: ItemInfo): void {
    this.remove(slot)
    this.#episodes.add(slot, info.episode, info.step, info.last)
  }

  finish(episode: number): void {
    this.#episodes.finish(episode)
  }

  remove(slot: number): void {
    if (slot === this.#next) this.#next = this.#episodes.before(slot)
    this.#episodes.remove(slot)
  }

  update(_slot: number, _score: number): void {}

  /** @throws RepriseError RPR_REPLAY_EMPTY */
  pick(out: Picks, count: number, rng: Pcg64, _context: DrawContext): void {
    const episodes = this.#episodes
    if (episodes.size === 0) refuseEmpty(0, count)
    const probability = 1 / episodes.size
    let next = this.#next
    for (let k = 0; k < count; k++) {
      if (next < 0) next = episodes.newest(rng.integers(episodes.choices))
      out.slots[k] = next
      out.probabilities[k] = probability
      next = episodes.before(next)
    }
    this.#next = next
  }

  state(): Serializable {
    return { kind: 'reverse', episodes: this.#episodes.state(), next: this.#next }
  }

  load(state: Serializable): void {
    const saved = fit.kind(state, 'reverse')
    const next = fit.integer(saved, 'next', -1, this.#episodes.capacity - 1)
    this.#episodes.load(saved['episodes'] ?? null)
    if (next >= 0 && !this.#episodes.has(next)) throw fit.error('its walk stands on a slot that is not live')
    this.#next = next
  }
}
