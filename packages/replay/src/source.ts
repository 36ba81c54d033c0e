import type { Pcg64, Serializable } from '@reprise/core'
import type { Batch, FeedbackReport, Signal } from './batch.ts'
import type { DrawContext } from './draw-context.ts'

/** Anything that batches can be drawn from: a replay, a mix of sources, a fixed dataset, a generator. */
export interface Source<B = Batch> {
  /** Items that a draw can choose from now. */
  readonly size: number
  /** A batch of `rows` rows with arrays of its own, to be drawn into again and again. */
  allocate(rows: number): B
  /** Fills `batch`. Draws from the source's own generator. @throws RPR_REPLAY_EMPTY where too little is stored */
  draw(batch: B, context: DrawContext): void
  /** Tells whoever registered for the signal. */
  feedback?(batch: B, signal: Signal): FeedbackReport
  /** Figures for the log, without the group: `size`, `age_mean`, ... */
  metrics(context: DrawContext): Record<string, number>
  state(): Serializable
  load(state: Serializable): void
}

/** A change of a drawn batch: hindsight, normalisation, recomputed returns. Writes into the batch's own arrays. */
export interface Transform<B = Batch> {
  apply(batch: B, rng: Pcg64, context: DrawContext): void
  state?(): Serializable
  load?(state: Serializable): void
}
