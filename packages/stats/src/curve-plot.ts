/** Lines over a common axis as SVG: learning curves, profiles, results against a factor. */
import { RepriseError } from '@reprise/core'
import { type Axis, axis, logAxis, withTicks } from './axis.ts'
import {
  axes,
  colorOf,
  drawLegend,
  extent,
  FAINT,
  heading,
  layLegend,
  type Place,
  placeIn,
  round,
  strokeOf,
  svg,
  text,
} from './svg.ts'

export interface PlotSeries {
  name: string
  x: readonly number[]
  /** One value per x; a value that is not finite leaves a gap. */
  y: readonly number[]
  /** Ends of an interval around y, drawn as a band, or as bars where the plot has `markers`. */
  low?: readonly number[]
  high?: readonly number[]
  /** Which colour; the series' index by default. */
  color?: number
  /** What the line is an aggregate of, drawn thin beneath it. */
  runs?: readonly { readonly x: readonly number[]; readonly y: readonly number[] }[]
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
  /** Logarithmic axes; every value on one must be above 0. */
  logX?: boolean
  logY?: boolean
  /** Ends of the y axis instead of those of the values. */
  yRange?: readonly [number, number]
  /** A dot at each value and its interval as a bar: for few values that are apart. */
  markers?: boolean
  /** Pixels. */
  width?: number
  height?: number
}

/**
 * A line per series with its band, axes with round ticks, and a legend where there is more than one series.
 * @throws RepriseError RPR_SHAPE where a series has no finite value or arrays of different lengths, or where a value
 * on a logarithmic axis is not above 0
 */
export function curvePlot(options: CurvePlotOptions): string {
  const { title, caption, series, lines = [], markers = false, width = 760, height = 440 } = options
  for (const one of series) checkSeries(one)
  if (series.length === 0) throw new RepriseError('RPR_SHAPE', 'There is no series to plot.')

  const index = (one: PlotSeries) => one.color ?? series.indexOf(one)
  const legend = layLegend(
    series.map((one) => ({ name: one.name, index: index(one) })),
    width - 40,
  )
  const top = 34 + (caption ? 18 : 0) + legend.rows * 20 + 14
  const box = { left: 78, right: width - 24, top, bottom: height - 54 }
  const x = xAxisOf(options)
  const y = yAxisOf(options, lines)
  const place = placeIn(box, x, y)
  return svg(title, width, height, [
    ...heading(title, caption),
    ...drawLegend(legend.items, caption ? 66 : 48),
    ...axes(x, y, place, box, options),
    ...lines.map(
      ({ y: at }) => `<path d="M${box.left} ${place.y(at)}H${box.right}" stroke="${FAINT}" stroke-dasharray="5 4"/>`,
    ),
    ...series.flatMap((one) => (one.runs ?? []).map((run) => thin(run, place, colorOf(index(one))))),
    ...series.map((one, i) =>
      markers ? bars(one, place, aside(i, series.length), colorOf(index(one))) : band(one, place, colorOf(index(one))),
    ),
    ...series.map((one, i) => curve(one, place, index(one), markers ? aside(i, series.length) : 0)),
    ...(markers ? series.map((one, i) => dots(one, place, aside(i, series.length), colorOf(index(one)))) : []),
    // Last, so that no curve runs through them.
    ...lines.map(({ y: at, label }) =>
      text(box.left + 6, place.y(at) - 6, label, { size: 11, fill: FAINT, halo: true }),
    ),
  ])
}

function xAxisOf({ series, logX, markers }: CurvePlotOptions): Axis {
  const [min, max] = extent(series.flatMap(({ x, runs = [] }) => [...x, ...runs.flatMap((run) => [...run.x])]))
  // Steps are counted from 0: a curve that starts near it shows it.
  const from = min >= 0 && min < 0.5 * max ? 0 : min
  if (!markers) return logX ? logAxis(min, max, 6) : axis(from, max, 6)
  const wide = logX ? logAxis(min / 1.15, max * 1.15, 6) : axis(from, max, 6, 0.04)
  const values = [...new Set(series.flatMap(({ x }) => x.filter(Number.isFinite)))].sort((a, b) => a - b)
  // The few values that there are, where their labels do not meet.
  const apart = values.every((value, i) => i === 0 || wide.at(value) - wide.at(values[i - 1]!) > 0.07)
  return apart ? withTicks(wide, values) : wide
}

function yAxisOf({ series, logY, yRange }: CurvePlotOptions, lines: readonly { y: number }[]): Axis {
  const [min, max] =
    yRange ??
    extent([
      ...series.flatMap(({ y, low = [], high = [], runs = [] }) => [
        ...y,
        ...low,
        ...high,
        ...runs.flatMap((run) => [...run.y]),
      ]),
      ...lines.map((line) => line.y),
    ])
  if (logY) return logAxis(yRange ? min : min / 1.1, yRange ? max : max * 1.1, 6)
  return axis(min, max, 6, yRange ? 0 : 0.05)
}

/** Pieces between gaps, each a path. A piece of one point becomes a dot. */
function curve({ x, y }: PlotSeries, place: Place, index: number, offset: number): string {
  return pieces([x, y])
    .map((piece) => {
      const points = piece.map((i) => `${round(place.x(x[i]!) + offset)} ${place.y(y[i]!)}`)
      if (points.length === 1) {
        const [cx, cy] = points[0]!.split(' ')
        return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colorOf(index)}"/>`
      }
      return `<path d="M${points.join('L')}" fill="none" ${strokeOf(index)} stroke-width="2" stroke-linejoin="round"/>`
    })
    .join('\n')
}

function thin({ x, y }: { readonly x: readonly number[]; readonly y: readonly number[] }, place: Place, color: string) {
  return pieces([x, y])
    .filter((piece) => piece.length > 1)
    .map((piece) => {
      const points = piece.map((i) => `${place.x(x[i]!)} ${place.y(y[i]!)}`)
      return `<path d="M${points.join('L')}" fill="none" stroke="${color}" stroke-opacity="0.35" stroke-width="1"/>`
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

/** Neighbouring series step aside a little, so that their bars at the same x do not cover each other. */
function aside(index: number, count: number): number {
  return (index - (count - 1) / 2) * Math.min(5, 16 / count)
}

function bars({ x, low, high }: PlotSeries, place: Place, offset: number, color: string): string {
  if (!low || !high) return ''
  return [...x.keys()]
    .filter((i) => Number.isFinite(low[i]) && Number.isFinite(high[i]))
    .map((i) => {
      const at = round(place.x(x[i]!) + offset)
      return `<path d="M${at} ${place.y(low[i]!)}V${place.y(high[i]!)}" stroke="${color}" stroke-width="3" stroke-opacity="0.5"/>`
    })
    .join('\n')
}

function dots({ x, y }: PlotSeries, place: Place, offset: number, color: string): string {
  return [...x.keys()]
    .filter((i) => Number.isFinite(y[i]))
    .map((i) => {
      const at = round(place.x(x[i]!) + offset)
      return `<circle cx="${at}" cy="${place.y(y[i]!)}" r="4" fill="${color}"/>`
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

function checkSeries({ name, x, y, low, high }: PlotSeries): void {
  for (const column of [y, low, high]) {
    if (column && column.length !== x.length) {
      throw new RepriseError('RPR_SHAPE', `Series '${name}' has ${x.length} steps and ${column.length} values.`)
    }
  }
  if (!pieces([x, y]).length) throw new RepriseError('RPR_SHAPE', `Series '${name}' has no value to plot.`)
}
