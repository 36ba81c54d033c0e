import type { Pcg64 } from '@reprise/core'
import type { Batch } from '../batch.ts'
import type { DrawContext } from '../draw-context.ts'
import { checkOption } from '../select/state.ts'
import type { Transform } from '../source.ts'
import type { RingStore } from '../store/ring-store.ts'
import { EpisodeReader } from './episode-reader.ts'

/**
 * Makes each drawn row reach to the end of its episode as it is stored now: `reward` becomes the discounted reward-to-go,
 * `nextObservation` the last observation, `discount` gamma^m (0 where the task ended), `steps` m. An n-step return of
 * unlimited n, worked out at draw time: the episode may have gone on since the row was stored. Costs as many reads as
 * steps are left. Synthetic rows are left alone.
 * @throws RepriseError RPR_OPTION_RANGE for a gamma outside [0, 1]
 */
export function recomputeReturn({ store, gamma }: { store: RingStore; gamma: number }): Transform {
  checkOption('gamma', gamma, gamma >= 0 && gamma <= 1, 'a number in [0, 1]')
  const episodes = new EpisodeReader(store)
  return {
    apply(batch: Batch, _rng: Pcg64, _context: DrawContext): void {
      const next = batch.nextObservation
      for (let row = 0; row < batch.rows; row++) {
        if (batch.synthetic[row] === 1) continue
        const slot = batch.handles.slots[row]!
        const left = episodes.stepsLeft(slot)
        let sum = 0
        // From the last reward to the first: one multiplication per step and no powers.
        for (let ahead = left - 1; ahead >= 0; ahead--) sum = episodes.rewardAt(slot, ahead) + gamma * sum
        for (let leaf = 0; leaf < next.length; leaf++) episodes.copyObservation(slot, left, leaf, next[leaf]!.data, row)
        batch.reward[row] = sum
        batch.discount[row] = episodes.endsTask(slot) ? 0 : gamma ** left
        batch.steps[row] = left
      }
    },
  }
}
