import { existsSync, readFileSync } from 'node:fs'
import { RepriseError } from '@reprise/core'

/**
 * The rows of a file of one JSON object per line; none where there is no file. A last line without its end is left
 * out: a process that was killed may leave one.
 * @throws RepriseError RPR_RUN_INVALID naming the line that cannot be read
 */
export function readJsonLines(path: string): Record<string, unknown>[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  lines.pop()
  return lines.map((line, index) => {
    try {
      const row: unknown = JSON.parse(line)
      if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as Record<string, unknown>
    } catch {
      // Named below, as are rows that are JSON but no objects.
    }
    throw new RepriseError('RPR_RUN_INVALID', `Line ${index + 1} of '${path}' is no JSON object.`, {
      value: line.slice(0, 200),
      hint: 'Remove the line, or resume the run: rows after its last checkpoint are set aside.',
    })
  })
}
