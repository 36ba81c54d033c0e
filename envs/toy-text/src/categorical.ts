/** Cumulative sums in index order, as NumPy's `cumsum` rounds them. */
export function cumulative(probabilities: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(probabilities.length)
  let sum = 0
  for (let i = 0; i < sums.length; i++) {
    sum += probabilities[i]!
    sums[i] = sum
  }
  return sums
}

/**
 * The first index whose cumulative probability exceeds the draw in `draw[0]`, as Gymnasium samples; index 0 where
 * rounding left the last sum at or below it. Draws go through an array because a number that crosses a call may be
 * boxed, and boxes are garbage.
 */
export function firstAbove(sums: Float64Array, draw: Float64Array): number {
  const u = draw[0]!
  let low = 0
  let high = sums.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sums[middle]! > u) high = middle
    else low = middle + 1
  }
  return low === sums.length ? 0 : low
}
