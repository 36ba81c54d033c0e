/** Axes, linear and logarithmic, with ticks at round numbers. */
import { RepriseError } from '@reprise/core'

export interface Axis {
  readonly min: number
  readonly max: number
  readonly ticks: readonly number[]
  /** The tick's text: `0.25`, `500`, `100k`. */
  readonly label: (value: number) => string
  /** Where a value lies: 0 at `min`, 1 at `max`. */
  readonly at: (value: number) => number
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
  const at = (value: number) => (value - low) / (high - low)
  return { min: low, max: high, ticks, label: labeller(step, Math.max(Math.abs(low), Math.abs(high))), at }
}

/**
 * Ticks at powers of ten; over less than two of them also at twice and five times each, over many only at some.
 * @throws RepriseError RPR_SHAPE where a value is not above 0
 */
export function logAxis(min: number, max: number, count: number): Axis {
  if (!(min > 0)) {
    throw new RepriseError('RPR_SHAPE', `A logarithmic axis cannot show ${min}.`, {
      value: min,
      hint: 'Every value on it must be above 0.',
    })
  }
  const [low, high] = min === max ? [min / 2, max * 2] : [min, max]
  const [from, to] = [Math.log10(low), Math.log10(high)]
  const decades = to - from
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, count)))
  const ticksAt = (factors: readonly number[]) => {
    const ticks: number[] = []
    for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
      if (power % stride !== 0) continue
      for (const factor of factors) {
        const tick = Number((factor * 10 ** power).toPrecision(12))
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick)
      }
    }
    return ticks
  }
  const choices =
    decades < 2
      ? [
          [1, 2, 5],
          [1, 1.5, 2, 3, 4, 5, 7],
        ]
      : [[1]]
  const ticks = choices.map(ticksAt).find((some) => some.length >= 2) ?? [low, high]
  return { min: low, max: high, ticks, label: shortNumber, at }

  function at(value: number): number {
    return (Math.log10(value) - from) / (to - from)
  }
}

/** The same axis with ticks at these values. */
export function withTicks(from: Axis, ticks: readonly number[]): Axis {
  return { ...from, ticks, label: shortNumber }
}

/** A number as short as can be in three digits: `0.25`, `500`, `100k`, `2M`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value)
  const [unit, suffix] = size >= 1e6 ? [1e6, 'M'] : size >= 1e4 ? [1e3, 'k'] : [1, '']
  if (size !== 0 && size < 1e-3) return value.toExponential(0).replace('-', '−').replace('e−', 'e-')
  return `${Number((value / unit).toPrecision(3))}${suffix}`.replace('-', '−')
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
