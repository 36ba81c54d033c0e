/**
 * A burst of updates on batches drawn from a replay, one at a time: each update's TD errors are in the replay before the
 * next draw.
 */
import type { ReplayAlgorithm } from '@reprise/algorithms'
import type { HostArray, HostRecord } from '@reprise/backend'
import { type MaybePromise, RepriseError } from '@reprise/core'
import type { Batch, Replay } from '@reprise/replay'
import type { LoopContext } from './loop.ts'
import { PolicyInputs } from './policy.ts'

export interface BurstMoment {
  readonly progress: number
  readonly step: number
  readonly previousStep: number
}

export interface BurstOptions {
  readonly batchSize: number
  /** Told of the metrics of each update. */
  readonly onMetrics: (metrics: Readonly<Record<string, number>>) => void
}

export class UpdateBurst {
  /** Updates since the start of the run. */
  updates = 0
  readonly #context: LoopContext
  readonly #algorithm: ReplayAlgorithm
  readonly #replay: Replay
  readonly #onMetrics: BurstOptions['onMetrics']
  readonly #batch: Batch
  /** The inputs of an update: arrays of the batch itself, and the encoded observations. */
  readonly #inputs: HostRecord
  readonly #noise: PolicyInputs
  /** Metrics of the updates since `clear`, by name. */
  readonly #metrics: Record<string, number[]> = {}

  constructor(context: LoopContext, algorithm: ReplayAlgorithm, replay: Replay, options: BurstOptions) {
    const { batch, noise } = context.program.inputs
    this.#context = context
    this.#algorithm = algorithm
    this.#replay = replay
    this.#onMetrics = options.onMetrics
    this.#batch = replay.allocate(options.batchSize)
    const ready: HostRecord = { ...(this.#batch.fields as HostRecord), ...valuesOf(this.#batch) }
    const encoded = (name: string) => new Float32Array(options.batchSize * batch[name]!.shape[0]!)
    this.#inputs = Object.fromEntries(
      Object.keys(batch).map((name) => [
        name,
        name === 'observation' || name === 'nextObservation' ? encoded(name) : (ready[name] as HostArray),
      ]),
    )
    this.#noise = new PolicyInputs(noise, options.batchSize)
  }

  /** Makes `count` updates. */
  run(count: number, moment: BurstMoment): MaybePromise<void> {
    return this.#from(0, count, moment)
  }

  /** Goes on without a promise as long as the executor gives none. */
  #from(first: number, count: number, moment: BurstMoment): MaybePromise<void> {
    for (let index = first; index < count; index++) {
      const made = this.#update(index, count, moment)
      if (made instanceof Promise) return made.then(() => this.#from(index + 1, count, moment))
    }
  }

  #update(index: number, count: number, { progress, step, previousStep }: BurstMoment): MaybePromise<void> {
    const { rng, options, policy, executor } = this.#context
    this.#replay.draw(this.#batch, { progress, burst: { index, count } })
    const { observation, nextObservation } = this.#inputs
    if (observation) policy.encode(this.#batch.observation, observation as Float32Array)
    if (nextObservation) policy.encode(this.#batch.nextObservation, nextObservation as Float32Array)
    this.#noise.drawNoise(rng.minibatches)
    const schedule = this.#algorithm.schedule({
      options,
      progress,
      step,
      previousStep,
      index,
      count,
      update: this.updates++,
      rng: rng.minibatches,
    })
    const out = executor.update({ batch: this.#inputs, noise: this.#noise.arrays, schedule })
    return out instanceof Promise ? out.then(this.#take) : this.#take(out)
  }

  readonly #take = ({ metrics, rows }: { metrics: Record<string, number>; rows: HostRecord }): void => {
    const { tdError } = rows
    if (tdError && this.#replay.usesScores) this.#feedBack(tdError)
    this.#onMetrics(metrics)
    for (const name in metrics) {
      this.#metrics[name] ??= []
      this.#metrics[name].push(metrics[name]!)
    }
  }

  #feedBack(tdError: ArrayLike<number>): void {
    try {
      this.#replay.feedback(this.#batch, { tdError })
    } catch (error) {
      // Diverged: the replay took nothing, and the metrics of the same update end the run with what to do (session.ts).
      if (!(error instanceof RepriseError) || error.code !== 'RPR_REPLAY_SCORE') throw error
    }
  }

  clear(): void {
    for (const name in this.#metrics) this.#metrics[name]!.length = 0
  }

  /** What the algorithm says of the updates since `clear`; nothing where there was none. */
  report(): Record<string, number> {
    const columns = Object.entries(this.#metrics).map(([name, values]) => [name, Float32Array.from(values)] as const)
    if (!columns.some(([, values]) => values.length > 0)) return {}
    return { ...this.#algorithm.report(Object.fromEntries(columns)), 'train/n_updates': this.updates }
  }
}

/** What a batch says of its rows, under the names of update inputs. */
function valuesOf(batch: Batch): HostRecord {
  return { reward: batch.reward, discount: batch.discount, weight: batch.weights }
}
