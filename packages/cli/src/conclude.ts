/** What the command says when a run has ended, and its exit code. */
import type { SessionResult } from '@reprise/train'
import { INTERRUPTED } from './interrupt.ts'
import type { Io } from './io.ts'
import { quoted } from './shown.ts'

export function conclude(session: SessionResult, io: Io, quiet: boolean): number {
  const folder = quoted(session.folder)
  io.report?.(session)
  if (!session.result) {
    // The dashboard and the lines say it themselves.
    if (quiet) io.out(`Stopped at step ${session.step}. Continue with: ${io.command} resume ${folder}`)
    return INTERRUPTED
  }
  const { score, stdReward, returns, steps } = session.result
  if (quiet) {
    io.out(
      `score ${score.toFixed(2)} +/- ${stdReward.toFixed(2)} over ${returns.length} episodes, ${steps} steps, ${folder}`,
    )
  } else if (!io.report) {
    const next = [
      ['watch it in curves', `tensorboard --logdir ${folder}`],
      ['evaluate again', `${io.command} eval ${folder} --checkpoint best`],
      ['train on', `${io.command} resume ${folder} --steps ${steps * 2}`],
    ] as const
    io.out(['', 'Next:', ...next.map(([what, command]) => `  ${`${what}:`.padEnd(20)}${command}`)].join('\n'))
  }
  return 0
}
