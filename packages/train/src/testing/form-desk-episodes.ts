/** For tests: a file of what FormDesk's expert does. */
import { writeFileSync } from 'node:fs'
import { demonstrate, formDesk } from '@reprise/agentic'
import type { EnvOptions } from '@reprise/core'

export function writeFormDeskEpisodes(path: string, count: number, options: EnvOptions): string {
  const lines = Array.from({ length: count }, (_, seed) => {
    const { actions } = demonstrate(formDesk, seed, options)
    return `- {seed: ${seed}, actions: [${actions.join(', ')}]}\n`
  })
  writeFileSync(path, lines.join(''))
  return path
}
