/** A row per arm: every seed as a dot, the aggregate with its interval. */
import { RepriseError } from '@reprise/core'
import { axis, logAxis } from './axis.ts'
import {
  colorOf,
  extent,
  FAINT,
  fitText,
  GRID,
  heading,
  INK,
  PAPER,
  placeIn,
  round,
  svg,
  text,
  textWidth,
  xAxis,
} from './svg.ts'

export interface IntervalRow {
  readonly label: string
  /** The aggregate and the ends of its interval; null where there is none, and the row then shows `note` alone. */
  readonly value: number | null
  readonly low?: number
  readonly high?: number
  /** Every seed's value. */
  readonly points?: readonly number[]
  /** Which colour; rows of the same method in several groups share one. The row's index by default. */
  readonly color?: number
  /** Written at the right end of the row: the number, a missing seed. */
  readonly note?: string
  /** Rows of the same group stand together below its name. */
  readonly group?: string
}

export interface IntervalPlotOptions {
  title: string
  xLabel: string
  rows: readonly IntervalRow[]
  caption?: string
  /** Vertical reference lines: a bar, no difference. */
  lines?: readonly { x: number; label: string }[]
  log?: boolean
  /** Ends of the axis instead of those of the values. */
  range?: readonly [number, number]
  /** Pixels; the height follows from the rows. */
  width?: number
}

const ROW = 28
const GROUP = 26

/**
 * Intervals side by side on one axis, as rliable draws them, with every seed shown.
 * @throws RepriseError RPR_SHAPE where no row has a value, or on a logarithmic axis one that is not above 0
 */
export function intervalPlot(options: IntervalPlotOptions): string {
  const { title, caption, rows, lines = [], width = 760 } = options
  const values = [
    ...rows.flatMap(({ value, low, high, points = [] }) => [value, low, high, ...points]),
    ...lines.map(({ x }) => x),
  ].filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  if (!rows.some(({ value }) => value !== null)) throw new RepriseError('RPR_SHAPE', 'There is no value to plot.')

  const widest = (texts: readonly string[], size: number) => Math.max(0, ...texts.map((t) => textWidth(t, size)))
  const names = rows.map(({ label }) => label)
  const groups = rows.map(({ group = '' }) => group)
  // Headings are bold and begin a little further left.
  const labelWidth = Math.min(width * 0.34, Math.max(widest(names, 12), widest(groups, 12.6) - 8))
  const noteWidth = Math.min(
    width * 0.24,
    widest(
      rows.map(({ note = '' }) => note),
      11,
    ),
  )
  const starts = rowStarts(rows)
  const top = 34 + (caption ? 18 : 0) + (lines.length > 0 ? 20 : 4)
  const box = {
    left: round(28 + labelWidth + 12),
    right: round(width - 24 - (noteWidth > 0 ? noteWidth + 12 : 0)),
    top,
    bottom: round(top + starts.total + 8),
  }
  const [min, max] = options.range ?? extent(values)
  const x = options.log
    ? logAxis(min / (options.range ? 1 : 1.15), max * (options.range ? 1 : 1.15), 5)
    : axis(min, max, 5, options.range ? 0 : 0.05)
  const place = placeIn(box, x, axis(0, 1, 1))
  return svg(title, width, box.bottom + 56, [
    ...heading(title, caption),
    ...x.ticks.map((tick) => `<path d="M${place.x(tick)} ${box.top}V${box.bottom}" stroke="${GRID}"/>`),
    `<path d="M${box.left} ${box.bottom}H${box.right}" stroke="${FAINT}"/>`,
    ...xAxis(x, place, box, options.xLabel),
    ...lines.flatMap(({ x: at, label }) => [
      `<path d="M${place.x(at)} ${box.top}V${box.bottom}" stroke="${FAINT}" stroke-dasharray="5 4"/>`,
      lineLabel(place.x(at), box, label),
    ]),
    ...starts.groups.map(({ name, y }) => text(20, box.top + y + 17, name, { size: 12, weight: 600 })),
    ...rows.map((row, i) => drawRow(row, row.color ?? i, box.top + starts.rows[i]! + ROW / 2)),
  ])

  function drawRow(row: IntervalRow, index: number, y: number): string {
    const color = colorOf(index)
    const { value, low, high, points = [] } = row
    return [
      text(28, y + 4, fitText(row.label, 12, labelWidth), { size: 12 }),
      ...(value === null
        ? []
        : [
            low !== undefined && high !== undefined
              ? `<path d="M${place.x(low)} ${round(y)}H${Math.max(place.x(high), place.x(low) + 1)}" stroke="${color}" stroke-width="8" stroke-opacity="0.32"/>`
              : '',
            ...points.map((point) => seedDot(place.x(point), y, color)),
            `<path d="M${place.x(value)} ${round(y - 8)}v16" stroke="${INK}" stroke-width="2.5"/>`,
          ]),
      row.note ? text(box.right + 12, y + 4, fitText(row.note, 11, noteWidth), { size: 11, fill: FAINT }) : '',
    ]
      .filter((part) => part !== '')
      .join('\n')
  }
}

function seedDot(x: number, y: number, color: string): string {
  return `<circle cx="${x}" cy="${round(y)}" r="3.4" fill="${color}" fill-opacity="0.75" stroke="${PAPER}" stroke-width="0.8"/>`
}

/** Above the plot, within its width. */
function lineLabel(x: number, box: { left: number; right: number; top: number }, label: string): string {
  const half = textWidth(label, 11) / 2
  const at = Math.min(Math.max(x, box.left + half - 20), box.right - half + 20)
  return text(at, box.top - 6, label, { size: 11, fill: FAINT, anchor: 'middle' })
}

function rowStarts(rows: readonly IntervalRow[]) {
  const groups: { name: string; y: number }[] = []
  let y = 0
  let group: string | undefined
  const at = rows.map((row) => {
    if (row.group !== undefined && row.group !== group) {
      groups.push({ name: row.group, y })
      y += GROUP
    }
    group = row.group
    const start = y
    y += ROW
    return start
  })
  return { rows: at, groups, total: y }
}
