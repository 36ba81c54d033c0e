/** Replays for tests: every way to draw, fed from made-up histories. */
import { Pcg64 } from '@reprise/core'
import { createReplay, type ReplayExtras } from '../buffer/create-replay.ts'
import type { Replay } from '../buffer/replay.ts'
import type { DrawConfig, ReplayConfig } from '../config.ts'
import type { DrawContext } from '../draw-context.ts'
import { History, schema } from './history.ts'

const priorities = {
  alpha: 0.6,
  beta: 'linear(0.4, 1)',
  epsilon: 1e-6,
  normalizeBy: 'batchMax',
  newPriority: 'runningMax',
  stratified: true,
} as const

export const draws: Readonly<Record<string, DrawConfig>> = {
  uniform: { kind: 'uniform', replacement: true },
  'uniform without replacement': { kind: 'uniform', replacement: false },
  proportional: { kind: 'proportional', ...priorities },
  'proportional, current maximum, global minimum': {
    kind: 'proportional',
    ...priorities,
    normalizeBy: 'globalMin',
    newPriority: 'currentMax',
    stratified: false,
  },
  rank: { kind: 'rank', ...priorities },
  lap: { kind: 'lap', alpha: 0.4, floor: 1 },
  recency: { kind: 'recency', eta: 'linear(0.996, 1)', least: 8 },
  reverse: { kind: 'reverse' },
}

export const base: ReplayConfig = {
  capacity: 200,
  gamma: 0.9,
  nSteps: 3,
  withLatest: false,
  draw: draws['uniform']!,
}

export const ROWS = 16

/** A replay that is fed, drawn from and told errors, all from one seed. */
export class Session {
  readonly replay: Replay
  readonly history: History
  readonly #rng: Pcg64
  #draws = 0

  constructor(config: Partial<ReplayConfig>, seed = 1, extras: ReplayExtras = {}, streams = 3) {
    this.replay = createReplay({ ...base, ...config }, schema, streams, new Pcg64(seed), extras)
    this.#rng = new Pcg64(seed + 1)
    this.history = new History(streams, new Pcg64(seed + 2), { terminated: 0.05, truncated: 0.03, skipped: 0 }, false)
  }

  collect(steps: number): this {
    for (let i = 0; i < steps; i++) this.replay.add(this.history.advance())
    return this
  }

  get context(): DrawContext {
    return { progress: (this.#draws % 100) / 100, burst: { index: this.#draws % 4, count: 4 } }
  }

  /** Draws `count` batches into `batch`, each with feedback; gives what was drawn as text. */
  draw(count: number, replay = this.replay): string {
    const batch = replay.allocate(ROWS)
    const errors = new Float32Array(ROWS)
    const seen: number[] = []
    for (let i = 0; i < count; i++) {
      replay.draw(batch, this.context)
      this.#draws++
      seen.push(...batch.handles.slots, ...batch.probabilities, ...batch.weights, ...batch.reward, ...batch.discount)
      for (let row = 0; row < ROWS; row++) errors[row] = this.#rng.normal()
      replay.feedback(batch, { tdError: errors })
      if (i % 8 === 7) this.replay.add(this.history.advance())
    }
    return seen.join(' ')
  }
}
