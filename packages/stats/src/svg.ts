/** What all plots are drawn with: colours, texts, a frame with axes. SVG as text, without a dependency. */
import type { Axis } from './axis.ts'

/** Colours that colour-blind readers can tell apart (Okabe and Ito). Pages may replace each to suit a dark ground. */
export const SERIES_COLORS: readonly string[] = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#555555',
]
export const PAPER = '#ffffff'
export const INK = '#24292f'
export const FAINT = '#6e7781'
export const GRID = '#e6e8eb'
const FONT = "-apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"

export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

export interface Place {
  x(value: number): number
  y(value: number): number
}

export function colorOf(index: number): string {
  return SERIES_COLORS[index % SERIES_COLORS.length]!
}

/** Where the colours begin again, lines are dashed. */
export function strokeOf(index: number): string {
  return `stroke="${colorOf(index)}"${index >= SERIES_COLORS.length ? ' stroke-dasharray="7 3"' : ''}`
}

/** A whole picture on a white ground, so that it reads the same in a light and a dark page. */
export function svg(title: string, width: number, height: number, parts: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${FONT}">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="${PAPER}"/>`,
    ...parts.filter((part) => part !== ''),
    '</svg>',
  ].join('\n')}\n`
}

/** Title and, below it, what the picture shows. */
export function heading(title: string, caption: string | undefined): string[] {
  return [
    text(20, 28, title, { size: 16, weight: 600 }),
    ...(caption ? [text(20, 47, caption, { size: 12, fill: FAINT })] : []),
  ]
}

export function placeIn(box: Box, x: Axis, y: Axis): Place {
  return {
    x: (value) => round(box.left + x.at(value) * (box.right - box.left)),
    y: (value) => round(box.bottom - y.at(value) * (box.bottom - box.top)),
  }
}

export function axes(x: Axis, y: Axis, place: Place, box: Box, labels: { xLabel: string; yLabel: string }): string[] {
  const middle = round((box.top + box.bottom) / 2)
  return [
    ...y.ticks.flatMap((tick) => [
      `<path d="M${box.left} ${place.y(tick)}H${box.right}" stroke="${GRID}"/>`,
      text(box.left - 8, place.y(tick) + 4, y.label(tick), { size: 12, anchor: 'end' }),
    ]),
    `<path d="M${box.left} ${box.top}V${box.bottom}H${box.right}" stroke="${FAINT}" fill="none"/>`,
    ...xAxis(x, place, box, labels.xLabel),
    `<g transform="translate(20 ${middle}) rotate(-90)">${text(0, 0, labels.yLabel, { size: 13, anchor: 'middle' })}</g>`,
  ]
}

export function xAxis(x: Axis, place: Place, box: Box, label: string): string[] {
  return [
    ...x.ticks.flatMap((tick) => [
      `<path d="M${place.x(tick)} ${box.bottom}v5" stroke="${FAINT}"/>`,
      text(place.x(tick), box.bottom + 19, x.label(tick), { size: 12, anchor: 'middle' }),
    ]),
    text(round((box.left + box.right) / 2), box.bottom + 42, label, { size: 13, anchor: 'middle' }),
  ]
}

export interface LegendItem {
  readonly name: string
  readonly index: number
  readonly x: number
  readonly row: number
}

/** Places names in rows; one series needs no legend. */
export function layLegend(
  entries: readonly { name: string; index: number }[],
  width: number,
): { rows: number; items: LegendItem[] } {
  if (entries.length < 2) return { rows: 0, items: [] }
  let left = 20
  let row = 0
  const items = entries.map(({ name, index }) => {
    const needed = 24 + textWidth(name, 12) + 22
    if (left > 20 && left + needed > width + 20) {
      left = 20
      row++
    }
    const item = { name, index, x: round(left), row }
    left += needed
    return item
  })
  return { rows: row + 1, items }
}

/** `top` is the base line of the first row. */
export function drawLegend(items: readonly LegendItem[], top: number): string[] {
  return items.map(({ name, index, x, row }) => {
    const line = top + row * 20
    return `<path d="M${x} ${line - 4}h18" ${strokeOf(index)} stroke-width="2.5"/>${text(x + 24, line, name, { size: 12 })}`
  })
}

export interface TextStyle {
  size: number
  fill?: string
  weight?: number
  anchor?: 'middle' | 'end'
  /** A rim in the colour of the ground, for texts over lines. */
  halo?: boolean
}

export function text(
  x: number,
  y: number,
  content: string,
  { size, fill = INK, weight, anchor, halo }: TextStyle,
): string {
  const more = `${weight ? ` font-weight="${weight}"` : ''}${anchor ? ` text-anchor="${anchor}"` : ''}${halo ? ` paint-order="stroke" stroke="${PAPER}" stroke-width="4" stroke-linejoin="round"` : ''}`
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}"${more}>${escapeText(content)}</text>`
}

/** An upper estimate: fonts differ. */
export function textWidth(content: string, size: number): number {
  return content.length * size * 0.57
}

/** Cuts a text that would be wider than `width`. */
export function fitText(content: string, size: number, width: number): string {
  const most = Math.max(4, Math.floor(width / (size * 0.57) + 1e-6))
  return content.length > most ? `${content.slice(0, most - 1)}…` : content
}

export function escapeText(content: string): string {
  return content
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\p{Cc}/gu, ' ')
}

/** Smallest and largest of the finite values. */
export function extent(values: Iterable<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}

/** One decimal is a tenth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10
}
