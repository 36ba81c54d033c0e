/** A report as Markdown, figures as files beside it. */
import type { ExperimentSummary } from '../summary.ts'
import type { Figure } from './figures.ts'
import { type Cell, type Table, tablesOf } from './tables.ts'
import { gaps, provenance, reading, settingsLines, sources, verdict, wallClock } from './words.ts'

export function markdownReport(summary: ExperimentSummary, figures: readonly Figure[]): string {
  const judged = verdict(summary)
  const missing = gaps(summary)
  const list = (lines: readonly string[]) => lines.map((line) => `- ${plain(line)}`)
  return `${[
    `# ${plain(summary.name)}${summary.quick ? ' (quick: only to see that it works)' : ''}`,
    '',
    `**Claim.** ${plain(summary.claim)}`,
    '',
    `**Command.** \`${summary.command}\``,
    '',
    ...(judged ? [`**Bars.** ${plain(judged.text)}`, ''] : []),
    ...(missing.length > 0 ? ['**Missing or failed.**', '', ...list(missing), ''] : []),
    ...tablesOf(summary).flatMap((table) => [`## ${plain(table.title)}`, '', ...markdownTable(table), '']),
    ...(figures.length > 0 ? ['## Figures', ''] : []),
    ...figures.flatMap(({ file, title }) => [`![${plain(title)}](${file})`, '']),
    '## How to read it',
    '',
    ...reading(summary).map((line) => `- ${line}`),
    ...list(sources(summary)),
    '',
    '## What ran',
    '',
    `- ${wallClock(summary)}`,
    ...list(provenance(summary)),
    ...list(settingsLines(summary)),
  ].join('\n')}\n`
}

export function markdownTable({ head, rows, note }: Table): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head.map(plain)),
    line(head.map(() => '---')),
    ...rows.map((row) => line(row.map(cellText))),
    ...(note ? ['', plain(note)] : []),
  ]
}

function cellText({ text, strong }: Cell): string {
  return strong ? `**${plain(text)}**` : plain(text)
}

function plain(text: string): string {
  return text.replace(/[|<]/g, (sign) => (sign === '|' ? '\\|' : '&lt;')).replace(/\s+/g, ' ')
}
