import type { Serializable } from '@reprise/core'

/** The last 100 finished training episodes, raw returns: what `rollout/*` means are taken over, as in SB3. */
export class EpisodeWindow {
  static readonly SIZE = 100
  #returns: number[] = []
  #lengths: number[] = []
  #outcomes: number[] = []
  #total = 0

  add(episodeReturn: number, length: number, outcome: number): void {
    push(this.#returns, episodeReturn)
    push(this.#lengths, length)
    push(this.#outcomes, outcome)
    this.#total++
  }

  metrics(): Record<string, number> {
    const row: Record<string, number> = { 'rollout/episodes': this.#total }
    if (this.#returns.length === 0) return row
    row['rollout/ep_rew_mean'] = mean(this.#returns)
    row['rollout/ep_len_mean'] = mean(this.#lengths)
    const outcomes = this.#outcomes.filter((o) => !Number.isNaN(o))
    if (outcomes.length > 0) row['rollout/success_rate'] = mean(outcomes)
    return row
  }

  save(): Serializable {
    return {
      returns: Float64Array.from(this.#returns),
      lengths: Float64Array.from(this.#lengths),
      outcomes: Float64Array.from(this.#outcomes),
      total: this.#total,
    }
  }

  load(saved: Serializable): void {
    const s = saved as { returns: Float64Array; lengths: Float64Array; outcomes: Float64Array; total: number }
    this.#returns = Array.from(s.returns)
    this.#lengths = Array.from(s.lengths)
    this.#outcomes = Array.from(s.outcomes)
    this.#total = s.total
  }
}

function push(window: number[], value: number): void {
  window.push(value)
  if (window.length > EpisodeWindow.SIZE) window.shift()
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** Population standard deviation. */
export function standardDeviation(values: ArrayLike<number>): number {
  const m = mean(values)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i]! - m) ** 2
  return Math.sqrt(sum / values.length)
}
