import { formatCount, formatDuration, formatReward } from './format.ts'
import type { RunSummary } from './reporter.ts'

/** What a run ends with, for a person. */
export function summaryLines(summary: RunSummary): string[] {
  const { status, step, wallSeconds, runDir, score, resumeCommand } = summary
  const lines = [
    status === 'finished'
      ? `Finished ${formatCount(step)} steps in ${formatDuration(wallSeconds)}.`
      : `Stopped after ${formatCount(step)} steps; everything is saved.`,
  ]
  if (score) {
    lines.push(`Score  ${formatReward(score.mean)} ± ${formatReward(score.std)} over ${score.episodes} greedy episodes`)
  }
  lines.push(`Run    ${runDir}`)
  if (status === 'stopped' && resumeCommand) lines.push(`Resume ${resumeCommand}`)
  return lines
}
