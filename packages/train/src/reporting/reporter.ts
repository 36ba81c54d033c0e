/** What the loop tells a person while it runs. Files are written elsewhere: a reporter only speaks to the terminal. */

export interface RunInfo {
  /** The run folder's name. */
  readonly name: string
  readonly env: string
  readonly algo: string
  /** Where tensors run: `eager:wasm`. */
  readonly executor: string
  readonly seed: number
  /** Environment steps at which the run ends. */
  readonly totalSteps: number
  /** Environment steps already done: 0, or the checkpoint's when resuming. */
  readonly startStep: number
  readonly runDir: string
}

/** A row of eval.jsonl. */
export interface EvaluationRow {
  readonly step: number
  readonly mean_reward: number
  readonly std_reward: number
  readonly episodes: number
}

export interface RunSummary {
  readonly status: 'finished' | 'stopped'
  readonly step: number
  /** Seconds of training, all sessions of the run together. */
  readonly wallSeconds: number
  readonly runDir: string
  /** The final evaluation, where there was one. */
  readonly score?: { readonly mean: number; readonly std: number; readonly episodes: number }
  /** How to continue; shown where the run was stopped. */
  readonly resumeCommand?: string
}

/**
 * Calls come in the order start, then any of log, evaluation, message, checkpoint, then done. All are cheap and
 * synchronous: what is drawn how often is the reporter's business. `done` is also called when training throws.
 */
export interface Reporter {
  start(info: RunInfo): void
  /** A row of metrics (`group/name` keys, shares of time as fractions of 1). Keys that are absent keep their last value. */
  log(row: Readonly<Record<string, number>>, step: number): void
  evaluation(row: EvaluationRow): void
  /** One line that must be seen: a warning, the executor and why it was chosen. */
  message(text: string): void
  /** A checkpoint was written. */
  checkpoint(path: string): void
  /** The end, good or bad; without a summary only the terminal is put in order. May be called more than once. */
  done(summary?: RunSummary): void
}

/** Where a reporter writes: `process.stdout`, or anything alike. */
export interface ReporterStream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}
