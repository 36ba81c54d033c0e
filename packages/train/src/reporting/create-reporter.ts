import { DashboardReporter } from './dashboard-reporter.ts'
import { LineReporter } from './line-reporter.ts'
import type { Reporter, ReporterStream } from './reporter.ts'

export type ReporterMode = 'auto' | 'dashboard' | 'lines' | 'quiet'

export interface CreateReporterOptions {
  /** `auto`: the dashboard on a terminal, else lines. */
  mode?: ReporterMode
  stream?: ReporterStream
  /** Environment variables that are heeded: NO_COLOR, TERM, CI. */
  env?: Readonly<Record<string, string | undefined>>
}

export function createReporter(options: CreateReporterOptions = {}): Reporter {
  const { mode = 'auto', stream = process.stdout, env = process.env } = options
  if (mode === 'quiet') return quietReporter
  const able = stream.isTTY === true && env['TERM'] !== 'dumb' && !env['CI']
  if (mode === 'dashboard' || (mode === 'auto' && able)) {
    return new DashboardReporter({ stream, color: !env['NO_COLOR'] })
  }
  return new LineReporter({ stream })
}

/** Says nothing at all. */
export const quietReporter: Reporter = {
  start() {},
  log() {},
  evaluation() {},
  message() {},
  checkpoint() {},
  done() {},
}
