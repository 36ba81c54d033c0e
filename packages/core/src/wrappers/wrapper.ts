import type { Env, EnvSpec, ResetOptions, ResetResult, StepResult } from '../env.ts'
import type { Space } from '../space.ts'
import type { MaybePromise, Serializable } from '../types.ts'

/**
 * Forwards everything to `inner`. A wrapper overrides what it changes, and `save` and `load` where it has state of its
 * own. `snapshot`, `restore` and `render` exist exactly where the inner environment has them.
 */
export abstract class Wrapper<O, A, IO = O, IA = A> implements Env<O, A> {
  readonly inner: Env<IO, IA>
  readonly observationSpace: Space<O>
  readonly actionSpace: Space<A>
  readonly spec: EnvSpec
  readonly render?: () => string
  readonly snapshot?: () => Serializable
  readonly restore?: (snapshot: Serializable) => void

  constructor(
    inner: Env<IO, IA>,
    changes: { observationSpace?: Space<O>; actionSpace?: Space<A>; spec?: EnvSpec } = {},
  ) {
    this.inner = inner
    this.observationSpace = changes.observationSpace ?? (inner.observationSpace as unknown as Space<O>)
    this.actionSpace = changes.actionSpace ?? (inner.actionSpace as unknown as Space<A>)
    this.spec = changes.spec ?? inner.spec
    if (inner.render) this.render = () => this.renderInner()
    if (inner.snapshot && inner.restore) {
      this.snapshot = () => ({ inner: this.inner.snapshot!(), own: this.save() })
      this.restore = (snapshot) => {
        const { inner: below, own } = snapshot as { inner: Serializable; own: Serializable }
        this.inner.restore!(below)
        this.load(own)
      }
    }
  }

  abstract reset(options?: ResetOptions): MaybePromise<ResetResult<O>>
  abstract step(action: A): MaybePromise<StepResult<O>>

  close(): MaybePromise<void> {
    return this.inner.close?.()
  }

  protected renderInner(): string {
    return this.inner.render!()
  }

  /** The wrapper's own state. */
  protected save(): Serializable {
    return null
  }

  protected load(_own: Serializable): void {}
}
