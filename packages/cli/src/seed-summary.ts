/** The table and the numbers that several seeds end with. */
import { interval, iqm, singleTask } from '@reprise/stats'
import type { SeedOutcome } from './seeds.ts'
import { table } from './table.ts'

export interface SeedSummary {
  readonly seeds: readonly { readonly seed: number; readonly folder: string; readonly score: number | null }[]
  /** Interquartile mean of the scores, its 95 % bootstrap interval, and the worst seed; null where no seed finished. */
  readonly iqm: number | null
  readonly interval: readonly [number, number] | null
  readonly min: number | null
}

export function summarise(outcomes: readonly SeedOutcome[]): { lines: string[]; summary: SeedSummary } {
  const number = (value: number | undefined, digits: number) => (value === undefined ? '-' : value.toFixed(digits))
  const rows = outcomes.map(({ seed, folder, exitCode, result }) => [
    String(seed),
    number(result?.score, 2),
    number(result?.stdReward, 2),
    number(result?.best?.meanReward, 2),
    number(result?.steps, 0),
    number(result?.stepsPerSecond, 0),
    number(result?.wallSeconds, 1),
    result ? folder : exitCode === 130 ? `${folder} (stopped)` : `${folder} (failed, exit code ${exitCode})`,
  ])
  const lines = ['', ...table(['seed', 'score', 'std', 'best eval', 'steps', 'steps/s', 'seconds', 'run'], rows)]
  const scores = outcomes.flatMap(({ result }) => (result ? [result.score] : []))
  const seeds = outcomes.map(({ seed, folder, result }) => ({ seed, folder, score: result?.score ?? null }))
  if (scores.length === 0) return { lines, summary: { seeds, iqm: null, interval: null, min: null } }

  const { value: center, low, high } = interval(singleTask(scores), iqm)
  const min = Math.min(...scores)
  lines.push(
    '',
    `IQM ${center.toFixed(2)} (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}), worst seed ${min.toFixed(2)}, ${scores.length} of ${outcomes.length} seeds`,
  )
  return { lines, summary: { seeds, iqm: center, interval: [low, high], min } }
}
