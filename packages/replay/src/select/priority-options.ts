import { parseSchedule } from '@reprise/core'
import { checkOption } from './state.ts'

/** Options of draws by priority with importance weights; those left out take the values named here. */
export interface PriorityOptions {
  /** Exponent of the priorities, >= 0; 0 draws uniformly. */
  readonly alpha?: number
  /** Exponent of the importance weights, in [0, 1], or a schedule over the run. Default linear(0.4, 1). */
  readonly beta?: number | string
  /** Added to every absolute TD error, so that no item is lost for good. Default 1e-6. */
  readonly epsilon?: number
  /** What the weights are divided by: the greatest of the batch (default) or the greatest any item could have. */
  readonly normalizeBy?: 'batchMax' | 'globalMin'
  /** Priority of items that come without a score. Default runningMax. */
  readonly newPriority?: 'runningMax' | 'currentMax' | 'one'
  /** One draw in each of `count` segments of equal mass (default), or independent draws. */
  readonly stratified?: boolean
}

/** Above this many slots, entropy is estimated from the last batch. */
export const EXACT_ENTROPY_SLOTS = 100_000

/** @throws RepriseError RPR_OPTION_RANGE, RPR_OPTION_TYPE */
export function resolvePriorityOptions(options: PriorityOptions, defaultAlpha: number) {
  const resolved = {
    alpha: options.alpha ?? defaultAlpha,
    beta: parseSchedule(options.beta ?? 'linear(0.4, 1)'),
    epsilon: options.epsilon ?? 1e-6,
    normalizeBy: options.normalizeBy ?? 'batchMax',
    newPriority: options.newPriority ?? 'runningMax',
    stratified: options.stratified ?? true,
  } as const
  checkAlpha(resolved.alpha)
  for (const progress of [0, 1]) {
    const beta = resolved.beta(progress)
    checkOption('beta', options.beta, beta >= 0 && beta <= 1, 'a number in [0, 1] or a schedule within it')
  }
  const { epsilon } = resolved
  checkOption('epsilon', epsilon, epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY, 'a finite number >= 0')
  return resolved
}

export function checkAlpha(alpha: number): void {
  checkOption('alpha', alpha, alpha >= 0 && alpha < Number.POSITIVE_INFINITY, 'a finite number >= 0')
}
