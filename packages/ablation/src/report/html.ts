/** A report as one HTML page: nothing is loaded from anywhere, light and dark, printable. */
import { escapeText, FAINT, GRID, INK, PAPER, SERIES_COLORS } from '@reprise/stats'
import type { ExperimentSummary } from '../summary.ts'
import type { Figure } from './figures.ts'
import { type Cell, type Table, tablesOf } from './tables.ts'
import { gaps, provenance, reading, settingsLines, sources, verdict, wallClock } from './words.ts'

const SECTIONS: readonly [Figure['section'], string][] = [
  ['scores', 'Scores'],
  ['factor', 'Against the factor'],
  ['overall', 'All tasks together'],
  ['comparison', 'Against the control'],
  ['curves', 'Sample efficiency'],
  ['profile', 'Performance profiles'],
]

/** Lighter versions of the series' colours, for a dark ground. */
const DARK = ['#5fb0e6', '#ff8c42', '#35c79b', '#e3a3c5', '#f2b840', '#8fd0f5', '#b5bac1']

export function htmlReport(summary: ExperimentSummary, figures: readonly Figure[]): string {
  const judged = verdict(summary)
  const missing = gaps(summary)
  const list = (lines: readonly string[]) => `<ul>${lines.map((line) => `<li>${code(line)}</li>`).join('')}</ul>`
  const title = escapeText(summary.name)
  return `${[
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${title}</h1>`,
    ...(summary.quick ? ['<p class="box bad">A quick run: it shows that everything works, not what is true.</p>'] : []),
    `<p>${escapeText(summary.claim)}</p>`,
    `<pre>${escapeText(summary.command)}</pre>`,
    ...(judged ? [`<p class="box ${judged.good ? 'good' : 'bad'}">${escapeText(judged.text)}</p>`] : []),
    ...(missing.length > 0 ? [`<div class="box bad"><strong>Missing or failed</strong>${list(missing)}</div>`] : []),
    ...tablesOf(summary).map((table) => `<h2>${escapeText(table.title)}</h2>\n${htmlTable(table)}`),
    ...SECTIONS.flatMap(([section, heading]) => {
      const own = figures.filter((figure) => figure.section === section)
      if (own.length === 0) return []
      return [`<h2>${heading}</h2>`, ...own.map(({ svg }) => `<figure>${themed(svg)}</figure>`)]
    }),
    '<h2>How to read it</h2>',
    list([...reading(summary), ...sources(summary)]),
    '<h2>What ran</h2>',
    list([wallClock(summary), ...provenance(summary)]),
    `<details><summary>Settings of each arm</summary>${list(settingsLines(summary))}</details>`,
    '</body>',
    '</html>',
  ].join('\n')}\n`
}

function htmlTable({ head, rows, note }: Table): string {
  const cell = ({ text, strong, tone }: Cell) => {
    const content = strong ? `<strong>${escapeText(text)}</strong>` : escapeText(text)
    return `<td${tone ? ` class="${tone}"` : ''}>${content}</td>`
  }
  return [
    '<div class="table"><table>',
    `<thead><tr>${head.map((text) => `<th>${escapeText(text)}</th>`).join('')}</tr></thead>`,
    `<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody>`,
    '</table></div>',
    ...(note ? [`<p class="note">${escapeText(note)}</p>`] : []),
  ].join('\n')
}

/** Colours as variables of the page, so that a figure suits a dark one too; sizes that fit its width. */
function themed(svg: string): string {
  const names: [string, string][] = [
    [PAPER, '--paper'],
    [INK, '--ink'],
    [FAINT, '--faint'],
    [GRID, '--grid'],
    ...SERIES_COLORS.map((color, i): [string, string] => [color, `--series-${i}`]),
  ]
  return names
    .reduce((text, [color, name]) => text.replaceAll(`"${color}"`, `"var(${name})"`), svg)
    .replace(/ xmlns="[^"]*"/, '')
    .replace(/ width="\d+(\.\d+)?" height="\d+(\.\d+)?" role/, ' role')
    .trim()
}

function code(text: string): string {
  return escapeText(text).replace(/`([^`]*)`/g, '<code>$1</code>')
}

function variables(values: readonly [string, string, string, string, readonly string[]]): string {
  const [paper, ink, faint, grid, series] = values
  return `--paper:${paper};--ink:${ink};--faint:${faint};--grid:${grid};${series.map((color, i) => `--series-${i}:${color}`).join(';')}`
}

const LIGHT_VARIABLES = variables([PAPER, INK, FAINT, GRID, SERIES_COLORS])
const DARK_VARIABLES = variables(['#161b22', '#e6edf3', '#9aa4ae', '#30363d', DARK])

const STYLE = `
:root{color-scheme:light dark;${LIGHT_VARIABLES};--page:#f6f7f9;--good:#1a7f37;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{${DARK_VARIABLES};--page:#0d1117;--good:#4cc26b;--bad:#ff8a80}}
body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:15px/1.55 system-ui,-apple-system,'Segoe UI',sans-serif;background:var(--page);color:var(--ink)}
h1{font-size:1.7rem;margin:0 0 .6rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}
pre{background:var(--paper);border:1px solid var(--grid);border-radius:6px;padding:.6rem .8rem;overflow-x:auto}
figure{margin:0 0 1rem;background:var(--paper);border:1px solid var(--grid);border-radius:6px;break-inside:avoid}
figure svg{display:block;width:100%;height:auto;max-width:760px;margin:0 auto}
.table{overflow-x:auto;background:var(--paper);border:1px solid var(--grid);border-radius:6px}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.35rem .6rem;text-align:left;border-bottom:1px solid var(--grid);vertical-align:top}
th{color:var(--faint);font-weight:600}tbody tr:last-child td{border-bottom:0}
.note,summary{color:var(--faint);font-size:13px}.good{color:var(--good)}.bad{color:var(--bad)}
.box{background:var(--paper);border:1px solid;border-radius:6px;padding:.6rem .8rem}
li{overflow-wrap:anywhere}
@media print{:root{${LIGHT_VARIABLES};--page:#fff;--good:#1a7f37;--bad:#b42318}body{max-width:none;margin:0;font-size:11px}
table{font-size:9px}.table{overflow:visible}tr{break-inside:avoid}h2{break-after:avoid}}
`.trim()
