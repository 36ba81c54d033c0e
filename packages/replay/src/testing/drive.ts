import { Pcg64 } from '@reprise/core'
import type { DrawContext } from '../draw-context.ts'
import type { Picks, Selector } from '../selector.ts'

export const ITEM = { episode: 0, step: 0, last: false } as const

export function picksOf(count: number): Picks {
  return { slots: new Int32Array(count), probabilities: new Float64Array(count) }
}

/**
 * Random inserts (with and without score), moves, removals, updates and picks; gives every pick to `see`. The same
 * seed and the same number of operations do the same.
 */
export function drive(
  selector: Selector,
  capacity: number,
  rng: Pcg64,
  operations: number,
  see: (picks: Picks, weights: Float32Array, count: number) => void,
): void {
  const live = new Set<number>()
  for (let slot = 0; slot < capacity; slot++) if (rng.integers(3) > 0) live.add(slot)
  for (const slot of live)
    selector.insert(slot, {
      episode: slot >> 3,
      step: slot & 7,
      last: (slot & 7) === 7,
      label: slot % 5,
      score: 1 + (slot % 3),
    })
  const picks = picksOf(16)
  const weights = new Float32Array(16)
  const own = new Pcg64(99)
  for (let k = 0; k < operations; k++) {
    const slot = rng.integers(capacity)
    const kind = rng.integers(4)
    if (kind === 0) {
      const score = selector.usesScores && rng.integers(2) === 0 ? { score: rng.uniform(0, 3) } : { score: 1 }
      const withScore = selector.usesScores && rng.integers(3) === 0 ? {} : score
      const needsScore = 'score' in selector
      selector.insert(slot, {
        episode: slot >> 3,
        step: slot & 7,
        last: (slot & 7) === 7,
        label: slot % 5,
        ...(needsScore ? score : withScore),
      })
    } else if (kind === 1 && selector.size > 20) selector.remove(slot)
    else if (kind === 2) selector.update(slot, rng.uniform(0, 2))
    else {
      const context: DrawContext = { progress: rng.random(), burst: { index: rng.integers(8), count: 8 } }
      const count = 1 + rng.integers(16)
      selector.pick(picks, count, own, context)
      weights.fill(1)
      selector.weights?.(picks, count, weights, context)
      see(picks, weights, count)
    }
  }
}
