import { formatCount, formatDuration, formatRate, formatReward, plainLine } from './format.ts'
import { fractionDone, type Progress, ProgressTracker, secondsLeft, stepsPerSecond } from './progress.ts'
import type { EvaluationRow, Reporter, ReporterStream, RunInfo, RunSummary } from './reporter.ts'
import { summaryLines } from './summary.ts'

export interface LineReporterOptions {
  stream: ReporterStream
  /** Seconds between two lines. */
  interval?: number
  /** A clock in seconds. */
  now?: () => number
}

/** One line every few seconds: for logs and wherever there is no terminal. */
export class LineReporter implements Reporter {
  readonly #stream: ReporterStream
  readonly #interval: number
  readonly #now: () => number
  #tracker: ProgressTracker | undefined
  #writtenAt = 0
  #writtenStep = -1

  constructor(options: LineReporterOptions) {
    this.#stream = options.stream
    this.#interval = options.interval ?? 5
    this.#now = options.now ?? (() => performance.now() / 1000)
  }

  start(info: RunInfo): void {
    this.#tracker = new ProgressTracker(info, this.#now)
    this.#writtenAt = this.#now()
    const from = info.startStep > 0 ? `steps ${formatCount(info.startStep)} to` : 'steps'
    const what = `${info.algo} on ${info.env}, ${info.executor}, seed ${info.seed}`
    this.#line(`${info.name}: ${what}, ${from} ${formatCount(info.totalSteps)}`)
  }

  log(row: Readonly<Record<string, number>>, step: number): void {
    this.#tracker?.log(row, step)
    this.#writeIfDue()
  }

  evaluation(row: EvaluationRow): void {
    this.#tracker?.evaluation(row)
    this.#writeIfDue()
  }

  message(text: string): void {
    this.#line(text)
  }

  checkpoint(): void {}

  done(summary?: RunSummary): void {
    const progress = this.#tracker?.snapshot()
    // Short runs end before a line was due: one shows where they got to.
    if (progress && progress.step > progress.info.startStep && progress.step !== this.#writtenStep)
      this.#write(progress)
    this.#tracker = undefined
    if (summary) for (const line of summaryLines(summary)) this.#line(line)
  }

  #writeIfDue(): void {
    if (!this.#tracker || this.#now() - this.#writtenAt < this.#interval) return
    this.#writtenAt = this.#now()
    this.#write(this.#tracker.snapshot())
  }

  #write(progress: Progress): void {
    this.#writtenStep = progress.step
    this.#line(progressLine(progress))
  }

  #line(text: string): void {
    this.#stream.write(`${plainLine(text)}\n`)
  }
}

/** `step 62,464/100,000  62%  12.3k steps/s  ETA 0:03  ep_rew_mean 432.1  eval 500.0 (best 500.0)`. */
export function progressLine(progress: Progress): string {
  const { step, info, metrics, evaluation, best } = progress
  const total = formatCount(info.totalSteps)
  const parts = [
    `step ${formatCount(step).padStart(total.length)}/${total}`,
    `${Math.floor(fractionDone(progress) * 100)}%`.padStart(4),
    `${formatRate(stepsPerSecond(progress))} steps/s`,
    `ETA ${formatDuration(secondsLeft(progress))}`,
  ]
  const mean = metrics['rollout/ep_rew_mean']
  if (mean !== undefined && Number.isFinite(mean)) parts.push(`ep_rew_mean ${formatReward(mean)}`)
  if (evaluation && best) {
    parts.push(`eval ${formatReward(evaluation.mean_reward)} (best ${formatReward(best.mean_reward)})`)
  }
  return parts.join('  ')
}
