import type { Env, EnvSpec, ResetOptions, ResetResult, StepResult } from '../env.ts'
import { RepriseError } from '../errors.ts'
import { andThen, type MaybePromise, type Serializable } from '../types.ts'
import { Wrapper } from './wrapper.ts'

/** Refuses steps before the first reset and after the end of an episode, and rendering before the first reset. */
export class OrderEnforcing<O, A> extends Wrapper<O, A> {
  #phase: 'new' | 'running' | 'ended' = 'new'

  /** `spec`: what a definition knows of the environment, in place of what it says itself. */
  constructor(env: Env<O, A>, spec?: EnvSpec) {
    super(env, spec === undefined ? {} : { spec })
  }

  protected override renderInner(): string {
    if (this.#phase === 'new') throw this.#outOfOrder('render')
    return super.renderInner()
  }

  reset(options?: ResetOptions): MaybePromise<ResetResult<O>> {
    return andThen(this.inner.reset(options), (result) => {
      this.#phase = 'running'
      return result
    })
  }

  /** @throws RepriseError RPR_ENV_ORDER */
  step(action: A): MaybePromise<StepResult<O>> {
    if (this.#phase !== 'running') throw this.#outOfOrder('step')
    return andThen(this.inner.step(action), (result) => {
      if (result.terminated || result.truncated) this.#phase = 'ended'
      return result
    })
  }

  #outOfOrder(call: string): RepriseError {
    const when = this.#phase === 'new' ? 'before reset' : 'after the end of an episode'
    const name = this.spec?.id ?? 'The environment'
    return new RepriseError('RPR_ENV_ORDER', `${name}: ${call} was called ${when}.`, { hint: 'Call reset() first.' })
  }

  protected override save(): Serializable {
    return this.#phase
  }

  protected override load(own: Serializable): void {
    this.#phase = own as 'new' | 'running' | 'ended'
  }
}
