/**
 * How many rows of a batch come from each part: floor(ratio * rows) from each but the first, and what remains from the
 * first. A part that holds less than it must is left out, and the ratios of the others are scaled up to make 1; the first
 * of them then takes what remains. Writes `counts`; false where no part can serve.
 * `least[i]`: items that part i must hold, negative for as many as its count.
 */
export function shareOut(
  rows: number,
  ratios: Float64Array,
  sizes: Float64Array,
  least: Float64Array,
  counts: Int32Array,
  out: Uint8Array,
): boolean {
  const parts = ratios.length
  out.fill(0)
  for (let round = 0; round <= parts; round++) {
    let first = -1
    let sum = 0
    for (let i = parts - 1; i >= 0; i--) {
      if (out[i] === 1) continue
      first = i
      sum += ratios[i]!
    }
    if (first < 0) return false
    let rest = rows
    for (let i = 0; i < parts; i++) {
      // A hair more than the product, because 0.29 * 100 is 28.999999999999996.
      counts[i] = out[i] === 1 || i === first || sum === 0 ? 0 : Math.floor((ratios[i]! / sum) * rows + 1e-9)
      rest -= counts[i]!
    }
    counts[first] = rest
    let changed = false
    for (let i = 0; i < parts; i++) {
      if (counts[i] === 0 || sizes[i]! >= (least[i]! < 0 ? counts[i]! : least[i]!)) continue
      out[i] = 1
      changed = true
    }
    if (!changed) return true
  }
  return false
}
