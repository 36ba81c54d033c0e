import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts'
import { RepriseError } from '../errors.ts'
import { type BoxSpace, box } from '../spaces/index.ts'
import type { MaybePromise } from '../types.ts'
import { floatBox, unbounded } from './float-box.ts'
import { Wrapper } from './wrapper.ts'

/** Takes any finite action and clips it to the bounds of the environment's Box. */
export class ClipAction<O> extends Wrapper<O, ArrayLike<number>> {
  readonly #bounds: BoxSpace

  /** @throws RepriseError RPR_SPACE_UNSUPPORTED unless actions are a Box of floats */
  constructor(env: Env<O, ArrayLike<number>>) {
    const bounds = floatBox(env.actionSpace, 'ClipAction')
    super(env, { actionSpace: unbounded(bounds) })
    this.#bounds = bounds
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<O>> {
    return this.inner.reset(options)
  }

  step(action: ArrayLike<number>): MaybePromise<StepResult<O>> {
    const { low, high } = this.#bounds
    return this.inner.step(Float64Array.from(action, (x, i) => Math.min(high[i]!, Math.max(low[i]!, x))))
  }
}

/** Takes actions in [low, high] and stretches them to the bounds of the environment's Box. */
export class RescaleAction<O> extends Wrapper<O, ArrayLike<number>> {
  readonly #bounds: BoxSpace
  readonly #low: number
  readonly #high: number

  /** @throws RepriseError RPR_SPACE_UNSUPPORTED unless actions are a Box of floats with finite bounds */
  constructor(env: Env<O, ArrayLike<number>>, { low = -1, high = 1 }: { low?: number; high?: number } = {}) {
    const bounds = floatBox(env.actionSpace, 'RescaleAction')
    if (![...bounds.low, ...bounds.high, low, high].every(Number.isFinite) || low >= high)
      throw new RepriseError('RPR_SPACE_UNSUPPORTED', `RescaleAction cannot map [${low}, ${high}] to ${bounds}.`, {
        value: bounds,
        hint: 'All bounds must be finite, and low less than high.',
      })
    super(env, { actionSpace: box({ low, high, shape: bounds.shape, dtype: bounds.dtype }) })
    this.#bounds = bounds
    this.#low = low
    this.#high = high
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<O>> {
    return this.inner.reset(options)
  }

  step(action: ArrayLike<number>): MaybePromise<StepResult<O>> {
    const { low, high } = this.#bounds
    const span = this.#high - this.#low
    return this.inner.step(
      Float64Array.from(action, (x, i) => {
        const share = (x - this.#low) / span
        // Rounding must not carry an action over its bound.
        return Math.min(high[i]!, Math.max(low[i]!, low[i]! + (high[i]! - low[i]!) * share))
      }),
    )
  }
}
