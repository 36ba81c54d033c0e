import type { EvaluationRow, RunInfo } from './reporter.ts'

/** Everything that a reporter knows about a run at a moment. */
export interface Progress {
  readonly info: RunInfo
  readonly step: number
  /** Seconds since `start`. */
  readonly elapsed: number
  /** Newest value of each metric. */
  readonly metrics: Readonly<Record<string, number>>
  /** `rollout/ep_rew_mean` over the run, thinned to at most 512 values. */
  readonly returns: readonly number[]
  readonly evaluation?: EvaluationRow
  readonly best?: EvaluationRow
  /** The newest message or checkpoint. */
  readonly notice?: string
}

const HISTORY = 512

/** Gathers what the loop reports. */
export class ProgressTracker {
  readonly info: RunInfo
  readonly #now: () => number
  readonly #started: number
  #step: number
  #metrics: Record<string, number> = {}
  #returns: number[] = []
  // Every `#stride`-th value is kept, so that the history spans the whole run in bounded memory.
  #stride = 1
  #seen = 0
  #evaluation: EvaluationRow | undefined
  #best: EvaluationRow | undefined
  notice: string | undefined

  /** `now` in seconds. */
  constructor(info: RunInfo, now: () => number) {
    this.info = info
    this.#now = now
    this.#started = now()
    this.#step = info.startStep
  }

  log(row: Readonly<Record<string, number>>, step: number): void {
    this.#step = step
    Object.assign(this.#metrics, row)
    const mean = row['rollout/ep_rew_mean']
    if (mean === undefined || !Number.isFinite(mean)) return
    if (this.#seen++ % this.#stride === 0) this.#returns.push(mean)
    if (this.#returns.length < HISTORY) return
    this.#returns = this.#returns.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
  }

  evaluation(row: EvaluationRow): void {
    this.#step = Math.max(this.#step, row.step)
    this.#evaluation = row
    if (!this.#best || row.mean_reward > this.#best.mean_reward) this.#best = row
  }

  snapshot(): Progress {
    return {
      info: this.info,
      step: this.#step,
      elapsed: this.#now() - this.#started,
      metrics: this.#metrics,
      returns: this.#returns,
      evaluation: this.#evaluation,
      best: this.#best,
      notice: this.notice,
    }
  }
}

/** Steps per second: as measured by the loop, else over this session; NaN where neither is known. */
export function stepsPerSecond({ metrics, step, info, elapsed }: Progress): number {
  const measured = metrics['time/sps']
  if (measured !== undefined && Number.isFinite(measured)) return measured
  return step > info.startStep && elapsed > 0 ? (step - info.startStep) / elapsed : Number.NaN
}

/** Seconds that remain at the present pace; NaN where not known. */
export function secondsLeft(progress: Progress): number {
  const left = Math.max(0, progress.info.totalSteps - progress.step)
  return left === 0 ? 0 : left / stepsPerSecond(progress)
}

/** The part of the run that is done, in [0, 1]. */
export function fractionDone({ step, info }: Progress): number {
  return info.totalSteps > 0 ? Math.min(1, step / info.totalSteps) : 1
}
