import type { Curve } from '@reprise/stats'

/** The value at `at` on the straight line between its neighbours; the nearest end's beyond the curve. */
export function interpolate({ x, y }: Curve, at: number): number {
  const right = x.findIndex((value) => value >= at)
  if (right === -1) return y.at(-1)!
  if (right === 0 || x[right] === at) return y[right]!
  const part = (at - x[right - 1]!) / (x[right]! - x[right - 1]!)
  return y[right - 1]! + part * (y[right]! - y[right - 1]!)
}
