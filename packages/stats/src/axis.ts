/** Round numbers for an axis. */

export interface Axis {
  readonly min: number
  readonly max: number
  readonly ticks: readonly number[]
  /** The tick's text: `0.25`, `500`, `100k`. */
  readonly label: (value: number) => string
}

/**
 * About `count` ticks at 1, 2, 2.5 or 5 times a power of ten between `min` and `max`, widened by `margin` of the range
 * at each end; an end at 0 stays there.
 */
export function axis(min: number, max: number, count: number, margin = 0): Axis {
  let [low, high] = [min, max]
  if (low === high) {
    const half = low === 0 ? 1 : Math.abs(low) * 0.1
    low -= half
    high += half
  }
  const room = (high - low) * margin
  if (low !== 0) low -= room
  if (high !== 0) high += room
  const step = niceStep((high - low) / Math.max(1, count))
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
  return { min: low, max: high, ticks, label: labeller(step, Math.max(Math.abs(low), Math.abs(high))) }
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const nice = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10
  return nice * power
}

function labeller(step: number, largest: number): (value: number) => string {
  const [unit, suffix] = largest >= 1e7 ? [1e6, 'M'] : largest >= 1e4 ? [1e3, 'k'] : [1, '']
  if (largest < 1e-3) return (value) => (value === 0 ? '0' : value.toExponential())
  const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9) + (isQuarter(step) ? 1 : 0)))
  return (value) => (value === 0 ? '0' : `${(value / unit).toFixed(decimals)}${suffix}`.replace('-', '−'))
}

/** 2.5 needs a digit more than its power of ten. */
function isQuarter(step: number): boolean {
  return Math.abs(step / 10 ** Math.floor(Math.log10(step) + 1e-9) - 2.5) < 1e-6
}
