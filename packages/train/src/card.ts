import { basename, join } from 'node:path'
import { writeFileAtomic } from '@reprise/storage'
import type { RunConfig, RunResult } from './run/run-folder.ts'

/** README.md of a run: what ran, the command, the result. */
export function writeCard(folder: string, config: RunConfig, result: RunResult): void {
  const { machine, versions, git, executor } = config
  const success = result.successRate === null ? '' : `\n| success rate | ${(100 * result.successRate).toFixed(1)} % |`
  const failed = result.failedEpisodes > 0 ? `\n| episodes that failed, left out | ${result.failedEpisodes} |` : ''
  const lines = `# ${basename(folder)}

${config.algo.toUpperCase()} on ${config.env.id}, seed ${result.seed}, trained with Reprise ${versions['reprise']}.

| | |
|---|---|
| score: mean of ${result.returns.length} greedy episodes on held-out seeds | **${format(result.score)}** ± ${format(result.stdReward)} |${success}${failed}
| environment steps | ${result.steps} |
| best evaluation during training | ${result.best ? `${format(result.best.meanReward)} at step ${result.best.step}` : 'none'} |
| wall time | ${format(result.wallSeconds)} s (${Math.round(result.stepsPerSecond)} steps/s while training) |
| executor | ${executor.name}: ${executor.reason} |
| machine | ${machine['cpu']}, ${machine['cores']} cores, Node.js ${versions['node']} |
| commit | ${git ? `${git.commit}${git.dirty ? ' with changes' : ''}` : 'none'} |
| parameters (SHA-256) | \`${result.parameterHash}\` |

## Command

\`\`\`
${config.command}
\`\`\`

Every option is in [config.yaml](config.yaml); the same run again: \`reprise train --config <this folder>/config.yaml\`.
${config.warnings.length > 0 ? `\n## Warnings\n\n${config.warnings.map((warning) => `- ${warning}`).join('\n')}\n` : ''}`
  writeFileAtomic(join(folder, 'README.md'), lines)
}

function format(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(2)
}
