import { checkLengths } from './check.ts'
import { meanAndStd } from './statistics.ts'

/** 1 - Var(target - prediction) / Var(target); NaN where the targets do not vary (as SB3). */
export function explainedVariance(prediction: ArrayLike<number>, target: ArrayLike<number>): number {
  checkLengths('explainedVariance', prediction.length, { target })
  const variance = meanAndStd(target, 'population').std ** 2
  const error = Float64Array.from(prediction, (p, i) => target[i]! - p)
  return variance === 0 ? Number.NaN : 1 - meanAndStd(error, 'population').std ** 2 / variance
}
