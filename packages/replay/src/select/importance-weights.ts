/** (p / pLeast)^-beta for each probability: importance weights (N p)^-beta over their greatest. */
export class ImportanceWeights {
  /** (sum w)^2 / sum w^2 of the last call: how many equally weighted rows the batch is worth. */
  effective = Number.NaN
  /** Rows of the last call. */
  rows = 0
  /** Mean of -log p over the last call: estimates the entropy of the draw. */
  surprise = Number.NaN

  /** `least`: the probability whose weight is 1; absent: the least of the batch. */
  fill(probabilities: Float64Array, count: number, beta: number, out: Float32Array, least?: number): void {
    let reference = least
    if (reference === undefined) {
      reference = Number.POSITIVE_INFINITY
      for (let k = 0; k < count; k++) if (probabilities[k]! < reference) reference = probabilities[k]!
    }
    const logReference = Math.log(reference)
    let sum = 0
    let squares = 0
    let surprise = 0
    for (let k = 0; k < count; k++) {
      const logProbability = Math.log(probabilities[k]!)
      surprise -= logProbability
      const weight = beta === 0 ? 1 : Math.exp(beta * (logReference - logProbability))
      sum += weight
      squares += weight * weight
      out[k] = weight
    }
    this.effective = (sum * sum) / squares
    this.rows = count
    this.surprise = surprise / count
  }
}
