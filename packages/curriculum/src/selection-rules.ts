/** How much practice a task deserves, from what is known of it: a weight >= 0 per task. */
import { checkNumber } from './check.ts'
import type { TaskRecord } from './task-statistics.ts'

export type SelectionRule = (task: TaskRecord) => number

/** A Beta prior on success rates: so many successes and failures are assumed before the first rollout. */
export interface Prior {
  readonly successes: number
  readonly failures: number
}

const UNIFORM: Prior = { successes: 1, failures: 1 }

/** The posterior mean of a task's success rate: rates of 0 and 1 after a few rollouts are not believed. */
export function expectedRate({ attempts, successes }: TaskRecord, prior: Prior = UNIFORM): number {
  return (successes + prior.successes) / (attempts + prior.successes + prior.failures)
}

/** Every task alike. */
export function uniformRule(): SelectionRule {
  return () => 1
}

/**
 * The expected variance of an outcome, p (1 - p) under the posterior: the signal of a group-relative advantage. Tasks that
 * are always or never solved fade, and how sure that is counts.
 */
export function varianceRule(prior: Prior = UNIFORM): SelectionRule {
  checkPrior(prior)
  return ({ attempts, successes }) => {
    const a = successes + prior.successes
    const b = attempts - successes + prior.failures
    return (a * b) / ((a + b) * (a + b + 1))
  }
}

/**
 * exp(-|rate - target| / width): tasks near a success rate. A small width takes the nearest ones only (DOTS: target 0.5,
 * width 1e-3, after its softmax).
 * @throws RepriseError RPR_OPTION_RANGE
 */
export function difficultyRule(target = 0.5, width = 0.1, prior: Prior = UNIFORM): SelectionRule {
  checkNumber('target', target, 0, 1)
  checkNumber('width', width, 1e-6)
  checkPrior(prior)
  // Far from any target at a small width all weights would be 0: the floor keeps their order out of reach, not the draw.
  return (task) => Math.max(1e-300, Math.exp(-Math.abs(expectedRate(task, prior) - target) / width))
}

function checkPrior({ successes, failures }: Prior): void {
  checkNumber('prior.successes', successes, 1e-9)
  checkNumber('prior.failures', failures, 1e-9)
}
