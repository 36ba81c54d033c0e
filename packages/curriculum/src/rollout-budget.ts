/** How many rollouts a task gets: shares of a total, and groups that grow until they teach something. */
import { RepriseError, type Serializable } from '@reprise/core'
import { checkInteger, refuse } from './check.ts'

export interface ShareLimits {
  /** Default 1. */
  readonly min?: number
  /** Default: no limit. */
  readonly max?: number
}

/**
 * Splits `total` rollouts in proportion to `weights`, each share within limits, by largest remainder (ties to the earlier
 * task). With the standard deviation of outcomes as weights this is Neyman's allocation: the least variance of the mean
 * estimate. The shares sum to `total`, or to tasks x max where that is less.
 * @throws RepriseError RPR_OPTION_RANGE for a total below tasks x min, or weights that are not >= 0
 */
export function shareRollouts(weights: ArrayLike<number>, total: number, limits: ShareLimits = {}): Int32Array {
  const { min = 1, max = total } = limits
  const n = weights.length
  checkInteger('min', min, 0)
  checkInteger('max', max, Math.max(1, min))
  checkInteger('total', total, n * min)
  for (let i = 0; i < n; i++)
    if (!(weights[i]! >= 0 && weights[i]! < Infinity)) refuse('weights', weights[i], 'numbers >= 0')
  const shares = new Float64Array(n)
  const fixed = new Uint8Array(n)
  const wanted = Math.min(total, n * max)
  // Shares beyond a limit are set to it, the worse side first, and the rest is split anew among the others.
  for (;;) {
    let left = wanted
    let sum = 0
    let free = 0
    for (let i = 0; i < n; i++) {
      if (fixed[i] === 1) left -= shares[i]!
      else {
        sum += weights[i]!
        free++
      }
    }
    if (free === 0) break
    let over = 0
    let under = 0
    for (let i = 0; i < n; i++) {
      if (fixed[i] === 1) continue
      shares[i] = sum > 0 ? (left * weights[i]!) / sum : left / free
      over += Math.max(0, shares[i]! - max)
      under += Math.max(0, min - shares[i]!)
    }
    if (over === 0 && under === 0) break
    for (let i = 0; i < n; i++) {
      if (fixed[i] === 1) continue
      if (over >= under ? shares[i]! >= max : shares[i]! <= min) {
        shares[i] = over >= under ? max : min
        fixed[i] = 1
      }
    }
  }
  const out = Int32Array.from(shares, (share) => Math.floor(share + 1e-9))
  let rest = wanted - out.reduce((a, b) => a + b, 0)
  const order = Array.from(out.keys()).sort((a, b) => shares[b]! - out[b]! - (shares[a]! - out[a]!) || a - b)
  for (let i = 0; rest > 0; i = (i + 1) % n) {
    if (out[order[i]!]! >= max) continue
    out[order[i]!]!++
    rest--
  }
  return out
}

export interface GroupRule {
  /** Rollouts of a group at first. */
  readonly initial: number
  /** Rollouts added at a time. */
  readonly extra: number
  /** Rollouts of a group at most. */
  readonly max: number
  /** Grow groups without a success (default true), and groups without a failure (default false). */
  readonly onAllFail?: boolean
  readonly onAllSuccess?: boolean
}

/** Rollouts to add to a group with so many so far: 0 where it is done. */
export function moreRollouts(rollouts: number, successes: number, rule: GroupRule): number {
  const { initial, extra, max, onAllFail = true, onAllSuccess = false } = rule
  if (rollouts < initial) return initial - rollouts
  const alike = (successes === 0 && onAllFail) || (successes === rollouts && onAllSuccess)
  return alike ? Math.min(extra, max - rollouts) : 0
}

/**
 * Groups that grow until their outcomes differ, within a number of rollouts for all of them together: what a group does
 * not need goes to those that do. First come, first served; a group's first rollouts are always granted.
 */
export class RolloutBudget {
  readonly #rule: GroupRule
  readonly #extraTotal: number
  #extraLeft: number
  #granted = 0

  /**
   * @param extraTotal rollouts beyond the initial ones until `renew`
   * @throws RepriseError RPR_OPTION_RANGE
   */
  constructor(rule: GroupRule, extraTotal: number) {
    checkInteger('initial', rule.initial, 1)
    checkInteger('extra', rule.extra, 1)
    checkInteger('max', rule.max, rule.initial)
    checkInteger('extraTotal', extraTotal, 0)
    this.#rule = rule
    this.#extraTotal = extraTotal
    this.#extraLeft = extraTotal
  }

  /** Rollouts granted since the last renewal, and extra ones that are left. */
  get granted(): number {
    return this.#granted
  }

  get extraLeft(): number {
    return this.#extraLeft
  }

  /** Rollouts that a group may add now; they are taken from the budget. */
  grant(rollouts: number, successes: number): number {
    const wanted = moreRollouts(rollouts, successes, this.#rule)
    const isFirst = rollouts < this.#rule.initial
    const given = isFirst ? wanted : Math.min(wanted, this.#extraLeft)
    if (!isFirst) this.#extraLeft -= given
    this.#granted += given
    return given
  }

  /** A new batch of groups. */
  renew(): void {
    this.#extraLeft = this.#extraTotal
    this.#granted = 0
  }

  save(): Serializable {
    return { extraTotal: this.#extraTotal, extraLeft: this.#extraLeft, granted: this.#granted }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for a budget of another size */
  load(saved: Serializable): void {
    const { extraTotal, extraLeft, granted } = saved as Record<string, number>
    if (extraTotal !== this.#extraTotal) {
      throw new RepriseError('RPR_STATE_MISMATCH', `A saved budget of ${extraTotal} does not fit.`, {
        value: extraTotal,
        hint: `Make it with extraTotal = ${this.#extraTotal}, as it was saved.`,
      })
    }
    this.#extraLeft = extraLeft!
    this.#granted = granted!
  }
}
