/** Pearson's statistic of counts against expected counts; those expected 0 must be 0. */
export function chiSquare(counts: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < counts.length; i++) {
    if (expected[i] === 0) {
      if (counts[i] !== 0) return Number.POSITIVE_INFINITY
    } else sum += (counts[i]! - expected[i]!) ** 2 / expected[i]!
  }
  return sum
}

/** About the 0.9999 quantile of chi-square, by Wilson and Hilferty. */
export function chiSquareBound(degrees: number): number {
  const a = 2 / (9 * degrees)
  return degrees * (1 - a + 3.719 * Math.sqrt(a)) ** 3
}
