/** Learning curves as SVG, without a dependency: a string that any browser and GitHub show, light or dark. */
import { RepriseError } from '@reprise/core'
import { type Axis, axis } from './ticks.ts'

export interface PlotSeries {
  name: string
  x: readonly number[]
  /** One value per x; a value that is not finite leaves a gap. */
  y: readonly number[]
  /** Ends of an interval around y, drawn as a band. */
  low?: readonly number[]
  high?: readonly number[]
}

export interface CurvePlotOptions {
  title: string
  xLabel: string
  yLabel: string
  series: readonly PlotSeries[]
  /** A line under the title: what the line and the band are. */
  caption?: string
  /** Horizontal reference lines. */
  lines?: readonly { y: number; label: string }[]
  /** Pixels. */
  width?: number
  height?: number
}

/** Colours that colour-blind readers can tell apart (Okabe and Ito). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555']
const INK = '#24292f'
const FAINT = '#6e7781'
const GRID = '#e6e8eb'
const FONT = "-apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

/**
 * A line per series with its band, axes with round ticks, and a legend where there is more than one series.
 * @throws RepriseError RPR_SHAPE where a series has no finite value or arrays of different lengths
 */
export function curvePlot(options: CurvePlotOptions): string {
  const { title, caption, series, lines = [], width = 760, height = 440 } = options
  for (const one of series) checkSeries(one)
  if (series.length === 0) throw new RepriseError('RPR_SHAPE', 'There is no series to plot.')

  const legend = series.length > 1 ? layLegend(series, width - 40) : { rows: 0, items: [] }
  const top = 34 + (caption ? 18 : 0) + legend.rows * 20 + 14
  const box = { left: 78, right: width - 24, top, bottom: height - 54 }
  const xs = finite(series.flatMap(({ x }) => [...x]))
  const ys = finite([...series.flatMap((s) => [...s.y, ...(s.low ?? []), ...(s.high ?? [])]), ...lines.map((l) => l.y)])
  const [xMin, xMax] = range(xs)
  // Steps are counted from 0: a curve that starts near it shows it.
  const x = axis(xMin >= 0 && xMin < 0.5 * xMax ? 0 : xMin, xMax, 6)
  const y = axis(...range(ys), 6, 0.05)
  const place = {
    x: (value: number) => round(box.left + ((value - x.min) / (x.max - x.min)) * (box.right - box.left)),
    y: (value: number) => round(box.bottom - ((value - y.min) / (y.max - y.min)) * (box.bottom - box.top)),
  }

  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${FONT}">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    text(20, 28, title, { size: 16, weight: 600 }),
    ...(caption ? [text(20, 47, caption, { size: 12, fill: FAINT })] : []),
    ...legend.items.map(({ name, color, x: left, row }) => {
      const line = (caption ? 66 : 48) + row * 20
      return `<path d="M${left} ${line - 4}h18" ${color} stroke-width="2.5"/>${text(left + 24, line, name, { size: 12 })}`
    }),
    ...axes(x, y, place, box, options),
    ...lines.flatMap(({ y: at, label }) => [
      `<path d="M${box.left} ${place.y(at)}H${box.right}" stroke="${FAINT}" stroke-dasharray="5 4"/>`,
      text(box.left + 6, place.y(at) - 6, label, { size: 11, fill: FAINT }),
    ]),
    ...series.map((one, i) => band(one, place, colorOf(i))),
    ...series.map((one, i) => curve(one, place, i)),
    '</svg>',
  ]
    .filter((part) => part !== '')
    .join('\n')}\n`
}

function colorOf(index: number): string {
  return COLORS[index % COLORS.length]!
}

/** Where the colours begin again, lines are dashed. */
function stroke(index: number): string {
  return `stroke="${colorOf(index)}"${index >= COLORS.length ? ' stroke-dasharray="7 3"' : ''}`
}

interface Place {
  x(value: number): number
  y(value: number): number
}

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

function axes(x: Axis, y: Axis, place: Place, box: Box, labels: { xLabel: string; yLabel: string }): string[] {
  const middle = round((box.top + box.bottom) / 2)
  return [
    ...y.ticks.flatMap((tick) => [
      `<path d="M${box.left} ${place.y(tick)}H${box.right}" stroke="${GRID}"/>`,
      text(box.left - 8, place.y(tick) + 4, y.label(tick), { size: 12, anchor: 'end' }),
    ]),
    `<path d="M${box.left} ${box.top}V${box.bottom}H${box.right}" stroke="${FAINT}" fill="none"/>`,
    ...x.ticks.flatMap((tick) => [
      `<path d="M${place.x(tick)} ${box.bottom}v5" stroke="${FAINT}"/>`,
      text(place.x(tick), box.bottom + 19, x.label(tick), { size: 12, anchor: 'middle' }),
    ]),
    text(round((box.left + box.right) / 2), box.bottom + 42, labels.xLabel, { size: 13, anchor: 'middle' }),
    `<g transform="translate(20 ${middle}) rotate(-90)">${text(0, 0, labels.yLabel, { size: 13, anchor: 'middle' })}</g>`,
  ]
}

/** Pieces between gaps, each a path. A piece of one point becomes a dot. */
function curve({ x, y }: PlotSeries, place: Place, index: number): string {
  return pieces([x, y])
    .map((piece) => {
      const points = piece.map((i) => `${place.x(x[i]!)} ${place.y(y[i]!)}`)
      if (points.length === 1) {
        const [cx, cy] = points[0]!.split(' ')
        return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colorOf(index)}"/>`
      }
      return `<path d="M${points.join('L')}" fill="none" ${stroke(index)} stroke-width="2" stroke-linejoin="round"/>`
    })
    .join('\n')
}

function band({ x, low, high }: PlotSeries, place: Place, color: string): string {
  if (!low || !high) return ''
  return pieces([x, low, high])
    .map((piece) => {
      const upper = piece.map((i) => `${place.x(x[i]!)} ${place.y(high[i]!)}`)
      const lower = piece.toReversed().map((i) => `${place.x(x[i]!)} ${place.y(low[i]!)}`)
      return `<path d="M${[...upper, ...lower].join('L')}Z" fill="${color}" fill-opacity="0.18"/>`
    })
    .join('\n')
}

/** Runs of indices at which all columns are finite. */
function pieces(columns: readonly (readonly number[])[]): number[][] {
  const out: number[][] = []
  let open: number[] | undefined
  for (const i of columns[0]!.keys()) {
    if (!columns.every((column) => Number.isFinite(column[i]))) open = undefined
    else if (open) open.push(i)
    else {
      open = [i]
      out.push(open)
    }
  }
  return out
}

function layLegend(series: readonly PlotSeries[], width: number) {
  let left = 20
  let row = 0
  const items = series.map(({ name }, i) => {
    const needed = 24 + name.length * 6.8 + 22
    if (left > 20 && left + needed > width + 20) {
      left = 20
      row++
    }
    const item = { name, color: stroke(i), x: round(left), row }
    left += needed
    return item
  })
  return { rows: row + 1, items }
}

interface TextStyle {
  size: number
  fill?: string
  weight?: number
  anchor?: 'middle' | 'end'
}

function text(x: number, y: number, content: string, { size, fill = INK, weight, anchor }: TextStyle): string {
  const more = `${weight ? ` font-weight="${weight}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''}`
  return `<text x="${x}" y="${round(y)}" font-size="${size}" fill="${fill}"${more}>${escapeText(content)}</text>`
}

function escapeText(content: string): string {
  return content
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\p{Cc}/gu, ' ')
}

function checkSeries({ name, x, y, low, high }: PlotSeries): void {
  for (const column of [y, low, high]) {
    if (column && column.length !== x.length) {
      throw new RepriseError('RPR_SHAPE', `Series '${name}' has ${x.length} steps and ${column.length} values.`)
    }
  }
  if (!pieces([x, y]).length) throw new RepriseError('RPR_SHAPE', `Series '${name}' has no value to plot.`)
}

function finite(values: readonly number[]): number[] {
  return values.filter(Number.isFinite)
}

function range(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}

/** One decimal is a tenth of a pixel. */
function round(value: number): number {
  return Math.round(value * 10) / 10
}
