import { formatDuration } from './format.ts'
import { ProgressTracker } from './progress.ts'
import { type Paint, renderDashboard, type Style } from './render-dashboard.ts'
import type { EvaluationRow, Reporter, ReporterStream, RunInfo, RunSummary } from './reporter.ts'
import { summaryLines } from './summary.ts'

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
}
const color: Paint = (style, text) => `\x1b[${CODES[style]}m${text}\x1b[0m`

export interface DashboardOptions {
  stream: ReporterStream
  color?: boolean
  /** Seconds between two drawings. */
  interval?: number
  /** A clock in seconds. */
  now?: () => number
}

/**
 * A panel that is redrawn in place. It is drawn only when the loop reports something, never by a timer: the loop is
 * synchronous, and a timer would not run. The cursor comes back on done, on exit and on a signal that ends the process.
 */
export class DashboardReporter implements Reporter {
  readonly #stream: ReporterStream
  readonly #paint: Paint | undefined
  readonly #interval: number
  readonly #now: () => number
  #tracker: ProgressTracker | undefined
  /** Widths of the lines that stand on the screen now. */
  #drawn: number[] = []
  #drawnAt = Number.NEGATIVE_INFINITY
  #restore: (() => void) | undefined

  constructor(options: DashboardOptions) {
    this.#stream = options.stream
    this.#paint = options.color ? color : undefined
    this.#interval = options.interval ?? 0.25
    this.#now = options.now ?? (() => performance.now() / 1000)
  }

  start(info: RunInfo): void {
    this.#tracker = new ProgressTracker(info, this.#now)
    this.#restore ??= hideCursor(this.#stream)
    this.#draw()
  }

  log(row: Readonly<Record<string, number>>, step: number): void {
    this.#tracker?.log(row, step)
    this.#drawIfDue()
  }

  evaluation(row: EvaluationRow): void {
    this.#tracker?.evaluation(row)
    this.#drawIfDue()
  }

  /** Printed above the panel, where it stays. */
  message(text: string): void {
    this.#stream.write(`${this.#erase()}${text}\n`)
    this.#draw()
  }

  checkpoint(path: string): void {
    const tracker = this.#tracker
    if (tracker) tracker.notice = `checkpoint ${path} at ${formatDuration(tracker.snapshot().elapsed)}`
    this.#drawIfDue()
  }

  done(summary?: RunSummary): void {
    if (this.#tracker) this.#draw()
    this.#drawn = []
    this.#tracker = undefined
    this.#restore?.()
    this.#restore = undefined
    if (summary) this.#stream.write(`${summaryLines(summary).join('\n')}\n`)
  }

  #drawIfDue(): void {
    if (this.#now() - this.#drawnAt >= this.#interval) this.#draw()
  }

  #draw(): void {
    if (!this.#tracker) return
    const { columns = 80, rows = 24 } = this.#stream
    // One column and one row are left free, so that nothing wraps or scrolls.
    const width = Math.max(1, columns - 1)
    const progress = this.#tracker.snapshot()
    const limit = Math.max(1, rows - 1)
    const lines = renderDashboard(progress, width, this.#paint).slice(0, limit)
    const widths = this.#paint ? renderDashboard(progress, width).slice(0, limit) : lines
    this.#stream.write(`${this.#erase()}${lines.join('\n')}\n`)
    this.#drawn = widths.map((line) => [...line].length)
    this.#drawnAt = this.#now()
  }

  /** Moves to the panel's first line and clears from there. A terminal made narrower has wrapped the lines since. */
  #erase(): string {
    if (this.#drawn.length === 0) return ''
    const columns = Math.max(1, this.#stream.columns ?? 80)
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
    this.#drawn = []
    return `\x1b[${rows}A\r\x1b[J`
  }
}

/** Hides the cursor; the function that is returned shows it again. It also comes back on exit and on signals. */
function hideCursor(stream: ReporterStream): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const restore = () => {
    process.removeListener('exit', restore)
    for (const signal of signals) process.removeListener(signal, onSignal)
    stream.write(SHOW_CURSOR)
  }
  // Where nobody else listens for a signal, it must still end the process.
  const onSignal = (signal: NodeJS.Signals) => {
    restore()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  process.on('exit', restore)
  for (const signal of signals) process.on(signal, onSignal)
  stream.write(HIDE_CURSOR)
  return restore
}
