/** Writes a report: the numbers, two pages, the figures. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { unwritable, writeFileAtomic } from '@reprise/storage'
import type { ExperimentSummary } from '../summary.ts'
import { figuresOf } from './figures.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'

/**
 * Writes summary.json, report.md, report.html and one SVG per figure; returns their paths.
 * @throws RepriseError RPR_FILE_UNWRITABLE
 */
export function writeReport(folder: string, summary: ExperimentSummary): string[] {
  const figures = figuresOf(summary)
  const files: [string, string][] = [
    ['summary.json', `${compactJson(summary)}\n`],
    ['report.md', markdownReport(summary, figures)],
    ['report.html', htmlReport(summary, figures)],
    ...figures.map(({ file, svg }): [string, string] => [file, svg]),
  ]
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw unwritable(folder, cause)
  }
  return files.map(([name, content]) => {
    const path = join(folder, name)
    writeFileAtomic(path, content)
    return path
  })
}

/** One line for a person: where to look first, and how much else there is. `shown`: a path as it is to be read. */
export function writtenLine(files: readonly string[], shown: (path: string) => string): string {
  const page = files.find((file) => file.endsWith('report.html'))!
  const figures = files.filter((file) => file.endsWith('.svg')).length
  return `Wrote ${shown(page)}, and beside it report.md, summary.json and ${figures} ${figures === 1 ? 'figure' : 'figures'}`
}

/** JSON with one line per innermost list: small, with readable diffs. */
function compactJson(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\[[\s\d.,eE+-]*\]/g, (list) => list.replace(/\s+/g, ''))
}
