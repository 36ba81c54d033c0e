/** What a success rate means for groups of rollouts: exact, for independent rollouts. */
import { checkInteger, checkNumber } from './check.ts'

/** base^n by repeated squaring: `Math.pow` differs between versions of Node. */
function power(base: number, n: number): number {
  let result = 1
  let factor = base
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= factor
    factor *= factor
  }
  return result
}

/** Probability that all `group` rollouts fail. @throws RepriseError RPR_OPTION_RANGE */
export function allFail(rate: number, group: number): number {
  checkNumber('rate', rate, 0, 1)
  checkInteger('group', group, 1)
  return power(1 - rate, group)
}

/** Probability that all `group` rollouts end alike, so that the group teaches nothing. @throws RPR_OPTION_RANGE */
export function zeroVariance(rate: number, group: number): number {
  return allFail(rate, group) + allFail(1 - rate, group)
}

/** Probability that `rollouts` rollouts have at least one success: that a baseline filter keeps the task. */
export function keptByBaseline(rate: number, rollouts: number): number {
  return 1 - allFail(rate, rollouts)
}

/**
 * Least number of rollouts that have at least one success with probability `confidence`; Infinity for rate 0.
 * @throws RepriseError RPR_OPTION_RANGE
 */
export function rolloutsForSuccess(rate: number, confidence = 0.9): number {
  checkNumber('rate', rate, 0, 1)
  checkNumber('confidence', confidence, 0, 1 - 1e-12)
  if (rate === 0) return confidence === 0 ? 1 : Number.POSITIVE_INFINITY
  if (rate === 1) return 1
  // The slack keeps 1 - (1 - rate)^n = confidence, reached exactly, from costing one more.
  return Math.max(1, Math.ceil(Math.log1p(-confidence) / Math.log1p(-rate) - 1e-9))
}
