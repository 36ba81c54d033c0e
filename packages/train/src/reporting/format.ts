/** Numbers and texts as the terminal shows them. */

/** `62,464`. */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `950`, `12.3k`, `4.56M`: three significant digits. */
export function formatRate(value: number): string {
  if (!Number.isFinite(value)) return '-'
  for (const [scale, suffix] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (Math.abs(value) >= 0.9995 * scale) return `${(value / scale).toPrecision(3)}${suffix}`
  }
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)
}

/** Seconds as `0:42`, `1:02:03` or `2d 03h`; `-` where not known. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '-'
  const whole = Math.round(seconds)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  if (whole >= 86400) return `${Math.floor(whole / 86400)}d ${two((whole % 86400) / 3600)}h`
  if (whole >= 3600) return `${Math.floor(whole / 3600)}:${two((whole % 3600) / 60)}:${two(whole % 60)}`
  return `${Math.floor(whole / 60)}:${two(whole % 60)}`
}

/** A metric in about four significant digits: `0.0123`, `482.1`, `3.00e-4`. */
export function formatMetric(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  if (value === 0) return '0'
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2)
  if (size >= 100) return value.toFixed(1)
  return value.toFixed(size >= 10 ? 2 : size >= 1 ? 3 : 4)
}

/** A reward: one decimal, or four significant digits where it is small. */
export function formatReward(value: number): string {
  return Math.abs(value) >= 1 || value === 0 ? value.toFixed(1) : formatMetric(value)
}

/** `text` in at most `width` characters, cut with an ellipsis. */
export function truncate(text: string, width: number): string {
  const letters = [...text]
  if (letters.length <= width) return text
  return width < 1 ? '' : `${letters.slice(0, width - 1).join('')}…`
}

/** Text from elsewhere, made safe for a terminal: one line without control characters. */
export function plainLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}

const LEVELS = '▁▂▃▄▅▆▇█'

/** `values` averaged into at most `width` columns and drawn by height. Values that are not finite are left out. */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0 || width < 1) return ''
  const columns = Math.min(width, finite.length)
  const means = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * finite.length) / columns)
    const to = Math.floor(((column + 1) * finite.length) / columns)
    let sum = 0
    for (let i = from; i < to; i++) sum += finite[i]!
    return sum / (to - from)
  })
  const low = Math.min(...means)
  const range = Math.max(...means) - low
  return means.map((mean) => LEVELS[range > 0 ? Math.min(7, Math.floor(((mean - low) / range) * 8)) : 3]).join('')
}
