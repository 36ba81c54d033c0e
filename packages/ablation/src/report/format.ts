/** Numbers as they stand in tables and figures. */
import type { Interval } from '@reprise/stats'

/** Decimals that show three digits of the greatest of these values, at most four. */
export function decimalsOf(values: readonly number[]): number {
  const size = Math.max(0, ...values.map(Math.abs))
  return size >= 1e4 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
}

export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '−')
}

export function ends(interval: readonly [number, number] | Interval, decimals: number): string {
  const [low, high] = 'low' in interval ? [interval.low, interval.high] : interval
  return `[${fixed(low, decimals)}, ${fixed(high, decimals)}]`
}

export function count(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : String(value)
}

/** `12` or `12 to 15`: whole numbers, below ten with a decimal. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return '-'
  const text = (value: number) => (value >= 10 ? String(Math.round(value)) : String(Number(value.toFixed(1))))
  const [low, high] = [text(Math.min(...values)), text(Math.max(...values))]
  return low === high ? low : `${low} to ${high}`
}

/** As a file name. */
export function slug(text: string): string {
  return text.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '') || 'all'
}

export function plural(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? '' : 's'}`
}
