import type { Env, EnvSpec, Reports, ResetOptions, ResetResult, StepResult } from './env.ts'
import { RepriseError } from './errors.ts'
import type { NativeInstance } from './native-instance.ts'
import { Pcg64 } from './random.ts'
import type { Space } from './space.ts'
import type { Serializable } from './types.ts'

/** One row of native dynamics as an `Env`. Observations and masks are fresh: the caller may keep them. */
export class NativeEnv<O, A> implements Env<O, A> {
  readonly observationSpace: Space<O>
  readonly actionSpace: Space<A>
  readonly spec: EnvSpec
  readonly #instance: NativeInstance<O, A>
  #steps = 0
  #phase: 'new' | 'running' | 'ended' = 'new'

  constructor(instance: NativeInstance<O, A>) {
    this.#instance = instance
    this.observationSpace = instance.layout.observationSpace
    this.actionSpace = instance.layout.actionSpace
    this.spec = instance.spec
  }

  /** @throws RepriseError RPR_OPTION_* for options it does not take, RPR_OPTION_RANGE for an illegal seed */
  reset({ seed, options }: ResetOptions = {}): ResetResult<O> {
    const instance = this.#instance
    const values = instance.resetValues(options)
    if (seed !== undefined) instance.random[0] = new Pcg64(seed)
    instance.dynamics.reset(0, values)
    this.#steps = 0
    this.#phase = 'running'
    const result: ResetResult<O> = { observation: this.observationSpace.read(instance.columns.observations, 0) }
    this.#report(result)
    return result
  }

  /** @throws RepriseError RPR_ENV_ORDER before reset and after an episode's end, RPR_ENV_ACTION */
  step(action: A): StepResult<O> {
    if (this.#phase !== 'running') this.#refuseOrder('step')
    const instance = this.#instance
    if (!this.actionSpace.contains(action)) {
      throw new RepriseError('RPR_ENV_ACTION', `Action ${show(action)} of ${this.spec.id} is not legal.`, {
        value: action,
        hint: `It takes an element of ${this.actionSpace}.`,
      })
    }
    const { columns } = instance
    this.actionSpace.write(action, columns.actions, 0)
    instance.dynamics.step(0, 1)
    this.#steps++
    const terminated = columns.terminated[0] === 1
    const truncated = this.#steps >= instance.limit
    const result: StepResult<O> = {
      observation: this.observationSpace.read(columns.observations, 0),
      reward: columns.rewards[0]!,
      terminated,
      truncated,
    }
    this.#report(result)
    if (terminated || truncated) {
      this.#phase = 'ended'
      columns.truncated[0] = truncated ? 1 : 0
      const outcome = instance.dynamics.outcome?.(0) ?? Number.NaN
      if (!Number.isNaN(outcome)) result.outcome = outcome
    }
    return result
  }

  render(): string {
    if (this.#phase === 'new') this.#refuseOrder('render')
    return this.#instance.dynamics.render(0)
  }

  close(): void {}

  snapshot(): Serializable {
    return { ...this.#instance.save(), steps: this.#steps, phase: this.#phase }
  }

  restore(snapshot: Serializable): void {
    this.#instance.load(snapshot)
    const { steps, phase } = snapshot as { steps: number; phase: 'new' | 'running' | 'ended' }
    this.#steps = steps
    this.#phase = phase
  }

  #report(reports: Reports): void {
    const { dynamics, columns } = this.#instance
    if (columns.actionMasks) reports.actionMask = columns.actionMasks.slice()
    const taskId = dynamics.taskId?.(0) ?? Number.NaN
    if (!Number.isNaN(taskId)) reports.taskId = taskId
  }

  #refuseOrder(call: string): never {
    const when = this.#phase === 'new' ? 'before the first reset()' : 'after the end of an episode'
    throw new RepriseError('RPR_ENV_ORDER', `${call}() of ${this.spec.id} was called ${when}.`, {
      value: call,
      hint: 'Call reset() first.',
    })
  }
}

function show(action: unknown): string {
  return ArrayBuffer.isView(action) ? `[${Array.from(action as unknown as ArrayLike<number>)}]` : JSON.stringify(action)
}
