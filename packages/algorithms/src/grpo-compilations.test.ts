import { createExecutor } from '@reprise/backend'
import { Pcg64 } from '@reprise/core'
import { expect, it } from 'vitest'
import { grpo } from './index.ts'
import { episodesOf, learnerFor, optionsFor, spacesFor } from './testing/fixtures.ts'

/** Lengths as CartPole gives them while it learns: 10 to 30 steps at first, up to 500 in the end. */
function lengthsOf(update: number, episodes: number, rng: Pcg64): number[] {
  const mean = 20 * (500 / 20) ** (update / 9)
  return Array.from({ length: episodes }, () => Math.max(8, Math.min(500, Math.round(mean * (0.5 + rng.random())))))
}

it.each([
  ['step', 1],
  ['step', 4],
  ['sequence', 1],
  ['sequence', 4],
] as const)(
  'ten updates with other episode lengths compile at most twice (%s, %d minibatches)',
  { tags: 'own-executor' },
  async (ratio, minibatches) => {
    const options = optionsFor(grpo.options, { groups: 2, groupSize: 8, epochs: 1, minibatches, ratio })
    const spaces = spacesFor()
    const built = grpo.build({ spaces, options, rng: new Pcg64(1), maxEpisodeSteps: 500 })
    // A compiled executor calls the function once per compilation: to record it.
    let compilations = 0
    const program: typeof built = {
      ...built,
      update: (...args) => {
        compilations++
        return built.update(...args)
      },
    }
    const executor = await createExecutor({ executor: 'wasm', program })
    const actor = await learnerFor(grpo, options, { spaces })
    const rng = new Pcg64(2)
    const sizes = new Set<number>()
    for (let update = 0; update < 10; update++) {
      const episodes = await episodesOf(actor, rng, { lengths: lengthsOf(update, 16, rng), groupSize: 8, spaces })
      const { call } = grpo.prepare(episodes, { options, rng, progress: update / 10, spaces })
      sizes.add(call!.batchSize)
      const { metrics } = await executor.updates(call!)
      expect(metrics['loss']!.every(Number.isFinite)).toBe(true)
    }
    // Lengths did differ enough to matter.
    expect(sizes.size).toBeGreaterThan(1)
    expect(compilations).toBeLessThanOrEqual(2)
    executor.dispose()
    actor.dispose()
  },
)
