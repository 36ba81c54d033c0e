import type { EnvSpec } from '../env.ts'
import type { Space } from '../space.ts'
import { andThen, type MaybePromise, type Serializable } from '../types.ts'
import type { AutoresetMode, VectorColumns, VectorEnv, VectorResetOptions } from '../vector-env.ts'

/**
 * Forwards everything to `inner`. A wrapper gives its own columns where it changes them and overrides `afterReset`,
 * `afterStep`, `save` and `load`.
 */
export abstract class VectorWrapper implements VectorEnv {
  readonly inner: VectorEnv
  readonly spec: EnvSpec
  readonly numEnvs: number
  readonly singleObservationSpace: Space
  readonly singleActionSpace: Space
  readonly autoresetMode: AutoresetMode
  readonly columns: VectorColumns
  readonly canSnapshot: boolean

  constructor(inner: VectorEnv, own: Partial<VectorColumns>, observationSpace?: Space) {
    this.inner = inner
    this.spec = inner.spec
    this.numEnvs = inner.numEnvs
    this.singleObservationSpace = observationSpace ?? inner.singleObservationSpace
    this.singleActionSpace = inner.singleActionSpace
    this.autoresetMode = inner.autoresetMode
    this.canSnapshot = inner.canSnapshot
    this.columns = overlay(inner.columns, own)
  }

  get maskSize(): number {
    return this.inner.maskSize
  }

  reset(options: VectorResetOptions = {}): MaybePromise<void> {
    return andThen(this.inner.reset(options), () => this.afterReset(options.mask))
  }

  step(): MaybePromise<void> {
    const stepped = this.inner.step()
    if (stepped instanceof Promise) return stepped.then(() => this.afterStep())
    this.afterStep()
  }

  /** `mask`: the rows that were reset; absent: all. */
  protected abstract afterReset(mask: ArrayLike<number> | undefined): void
  protected abstract afterStep(): void
  protected abstract save(): Serializable
  protected abstract load(own: Serializable): void

  snapshot(): Serializable {
    return { inner: this.inner.snapshot(), own: this.save() }
  }

  restore(snapshot: Serializable): void {
    const { inner, own } = snapshot as { inner: Serializable; own: Serializable }
    this.inner.restore(inner)
    this.load(own)
  }

  render(row: number): string {
    return this.inner.render(row)
  }

  close(): MaybePromise<void> {
    return this.inner.close()
  }
}

/** The inner columns with some replaced. Mask columns may appear with the first reset, so they are looked up late. */
function overlay(inner: VectorColumns, own: Partial<VectorColumns>): VectorColumns {
  const { actionMasks: _, finalActionMasks: __, ...fixed } = inner
  return {
    ...fixed,
    ...own,
    get actionMasks() {
      return inner.actionMasks
    },
    get finalActionMasks() {
      return inner.finalActionMasks
    },
  }
}
