import type { ReplayCollection } from '@reprise/algorithms'
import type { Serializable } from '@reprise/core'
import { AdaptiveReplayRatio, ReplayRatio } from '@reprise/replay'

/** How many updates a burst makes: a fixed number, fractions carried on, or one that rises once the network has settled. */
export class BurstSize {
  readonly #ratio: ReplayRatio | AdaptiveReplayRatio

  constructor({ updates, updatesLater, settledEvery, settledGap }: ReplayCollection) {
    this.#ratio =
      updatesLater === undefined
        ? new ReplayRatio(updates)
        : new AdaptiveReplayRatio({ low: updates, high: updatesLater, checkEvery: settledEvery, gap: settledGap })
  }

  /** Updates of the burst that is due. */
  take(): number {
    return this.#ratio.after(1)
  }

  /** Metrics of an update: `fau` is the fraction of active units. */
  observe({ fau }: Readonly<Record<string, number>>): void {
    if (this.#ratio instanceof AdaptiveReplayRatio && fau !== undefined) this.#ratio.updated(fau)
  }

  endEpisode(): void {
    if (this.#ratio instanceof AdaptiveReplayRatio) this.#ratio.episodeEnded()
  }

  /** `replay_ratio`: updates per environment step, given the steps between bursts. */
  metrics(steps: number): Record<string, number> {
    if (!(this.#ratio instanceof AdaptiveReplayRatio)) return {}
    return { ...this.#ratio.metrics(), replay_ratio: this.#ratio.ratio / steps }
  }

  state(): Serializable {
    return this.#ratio.state()
  }

  load(state: Serializable): void {
    this.#ratio.load(state)
  }
}
