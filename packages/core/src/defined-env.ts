import type { GoalSpec } from './definition.ts'
import type { Env, EnvSpec, Reports, ResetOptions, ResetResult, StepResult } from './env.ts'
import { RepriseError } from './errors.ts'
import { type OptionTable, type OptionValues, resolveOptions } from './options.ts'
import { clonePlain } from './plain-data.ts'
import { Pcg64, type PcgState, SeedSequence } from './random.ts'
import type { Element, Space } from './space.ts'
import { describe } from './spaces/base.ts'
import { andThen, type MaybePromise, type Serializable } from './types.ts'

/** What a step makes of a state. */
export interface Transition<S> {
  /** The next state: a new object, or the old one changed in place. */
  state: S
  reward: number
  /** The task itself ended here. */
  terminated: boolean
  /** The episode was cut off for a reason of its own; the time limit needs no help. Default false. */
  truncated?: boolean
  /** Success so far in [0, 1]. Passed on with the last step of an episode only. */
  outcome?: number
  info?: Readonly<Record<string, unknown>>
}

interface View<S, V> {
  state: S
  options: V
}

/** What `defineEnv` takes. `S` state, `OS` and `AS` spaces, `T` and `R` tables of options. */
export interface DefinedEnvSource<S, OS extends Space, AS extends Space, T extends OptionTable, R extends OptionTable> {
  /** `Name-v0`, optionally `namespace/Name-v0`. */
  id: string
  /** One line for `list envs`. */
  summary?: string
  /** Steps until an episode is truncated. Absent: no limit. */
  maxEpisodeSteps?: number
  /** The mean return at which the task counts as solved. */
  rewardThreshold?: number
  /** Say false where equal seeds and actions do not give equal episodes. */
  deterministic?: boolean
  /** What `make(options)` and `--env-set` take. */
  options?: T
  /** Where the observation is a Dict with `achieved_goal` and `desired_goal`: the functions that hindsight asks. */
  goals?: GoalSpec
  /** What `reset({ options })` takes, for that reset alone. */
  resetOptions?: R
  observationSpace: OS | ((options: OptionValues<T>) => OS)
  actionSpace: AS | ((options: OptionValues<T>) => AS)
  /** The first state of an episode: plain data. Everything random is drawn from `rng`. May be async. */
  reset(context: { rng: Pcg64; options: OptionValues<T>; resetOptions: OptionValues<R> }): MaybePromise<S>
  /** One step. May change and return `state`, may be async. */
  step(context: View<S, OptionValues<T>> & { action: Element<AS>; rng: Pcg64 }): MaybePromise<Transition<NoInfer<S>>>
  /** What the policy sees of a state. */
  observe(context: View<S, OptionValues<T>>): Element<OS>
  /** 1 for each legal action: n for Discrete, all sub-actions in order for MultiDiscrete. */
  actionMask?(context: View<S, OptionValues<T>>): ArrayLike<number>
  /** A stable id of the task that the episode plays, a safe integer. Asked after reset. */
  taskId?(context: View<S, OptionValues<T>>): number
  /** The state as text. */
  render?(context: View<S, OptionValues<T>>): string
  close?(): MaybePromise<void>
  /** Say false where the state holds more than plain data, e.g. a connection: runs then resume with new episodes. */
  snapshot?: false
}

/** The `Env` around the functions of a `defineEnv`. */
export class DefinedEnv<S, OS extends Space, AS extends Space, T extends OptionTable, R extends OptionTable>
  implements Env<Element<OS>, Element<AS>>
{
  readonly observationSpace: Space<Element<OS>>
  readonly actionSpace: Space<Element<AS>>
  readonly spec: EnvSpec
  readonly render?: () => string
  readonly snapshot?: () => Serializable
  readonly restore?: (snapshot: Serializable) => void
  readonly #source: DefinedEnvSource<S, OS, AS, T, R>
  readonly #options: OptionValues<T>
  readonly #noResetOptions: OptionValues<R>
  #rng: Pcg64 | undefined
  #state: S | undefined
  #phase: 'new' | 'running' | 'ended' = 'new'
  #steps = 0
  #taskId: number | undefined
  #closed = false

  constructor(source: DefinedEnvSource<S, OS, AS, T, R>, spec: EnvSpec, options: OptionValues<T>) {
    const { observationSpace, actionSpace } = source
    this.#source = source
    this.#options = options
    this.#noResetOptions = this.#readResetOptions({})
    this.spec = spec
    // Each environment samples from spaces of its own only where they depend on options; sampling is not stepping.
    const made = typeof observationSpace === 'function' ? observationSpace(options) : observationSpace
    this.observationSpace = made as Space<Element<OS>>
    this.actionSpace = (typeof actionSpace === 'function' ? actionSpace(options) : actionSpace) as Space<Element<AS>>
    if (source.render) this.render = () => this.#render()
    if (source.snapshot !== false) {
      this.snapshot = () => this.#save()
      this.restore = (snapshot) => this.#load(snapshot)
    }
  }

  /** @throws RepriseError RPR_OPTION_* for reset options it does not take, RPR_OPTION_RANGE for an illegal seed */
  reset({ seed, options }: ResetOptions = {}): MaybePromise<ResetResult<Element<OS>>> {
    const resetOptions = options === undefined ? this.#noResetOptions : this.#readResetOptions(options)
    if (seed !== undefined) this.#rng = new Pcg64(seed)
    this.#rng ??= new Pcg64(SeedSequence.fromSystem())
    const state = this.#source.reset({ rng: this.#rng, options: this.#options, resetOptions })
    return andThen(state, (first) => this.#begin(first))
  }

  #begin(state: S): ResetResult<Element<OS>> {
    this.#state = state
    this.#steps = 0
    this.#phase = 'running'
    this.#taskId = this.#source.taskId?.(this.#view())
    const result: ResetResult<Element<OS>> = { observation: this.#source.observe(this.#view()) }
    return this.#report(result)
  }

  /** @throws RepriseError RPR_ENV_ORDER before reset and after an episode's end, RPR_ENV_ACTION */
  step(action: Element<AS>): MaybePromise<StepResult<Element<OS>>> {
    if (this.#phase !== 'running') throw this.#outOfOrder('step')
    if (!this.actionSpace.contains(action))
      throw new RepriseError('RPR_ENV_ACTION', `${this.spec.id}: action ${describe(action)} is not legal.`, {
        value: action,
        hint: `It takes an element of ${this.actionSpace}.`,
      })
    const next = this.#source.step({ state: this.#state as S, action, rng: this.#rng!, options: this.#options })
    return andThen(next, (transition) => this.#advance(transition))
  }

  #advance(transition: Transition<S>): StepResult<Element<OS>> {
    if (typeof transition !== 'object' || transition === null || !('state' in transition))
      throw new RepriseError('RPR_ENV_CONTRACT', `${this.spec.id}: step returned ${describe(transition)}.`, {
        value: transition,
        hint: 'Return { state, reward, terminated }.',
      })
    this.#state = transition.state
    this.#steps++
    const { reward, terminated, outcome, info } = transition
    const truncated = transition.truncated === true || this.#steps >= (this.spec.maxEpisodeSteps ?? Infinity)
    const result: StepResult<Element<OS>> = {
      observation: this.#source.observe(this.#view()),
      reward,
      terminated,
      truncated,
    }
    if (terminated || truncated) {
      this.#phase = 'ended'
      if (outcome !== undefined) result.outcome = outcome
    }
    if (info !== undefined) result.info = info
    return this.#report(result)
  }

  #report<Q extends Reports>(result: Q): Q {
    const mask = this.#source.actionMask?.(this.#view())
    if (mask !== undefined) result.actionMask = mask
    if (this.#taskId !== undefined) result.taskId = this.#taskId
    return result
  }

  #view(): View<S, OptionValues<T>> {
    return { state: this.#state as S, options: this.#options }
  }

  #render(): string {
    if (this.#phase === 'new') throw this.#outOfOrder('render')
    return this.#source.render!(this.#view())
  }

  close(): MaybePromise<void> {
    if (this.#closed) return
    this.#closed = true
    return this.#source.close?.()
  }

  #save(): Serializable {
    return {
      state: this.#state === undefined ? null : clonePlain(this.#state, `The state of ${this.spec.id}`),
      rng: this.#rng?.state() ?? null,
      phase: this.#phase,
      steps: this.#steps,
      taskId: this.#taskId ?? null,
    }
  }

  #load(snapshot: Serializable): void {
    type Saved = {
      state: S
      rng: PcgState | null
      phase: 'new' | 'running' | 'ended'
      steps: number
      taskId: number | null
    }
    const saved = snapshot as unknown as Saved
    if (typeof saved?.phase !== 'string')
      throw new RepriseError('RPR_STATE_MISMATCH', `This is no snapshot of ${this.spec.id}.`, { value: snapshot })
    this.#state = saved.phase === 'new' ? undefined : (clonePlain(saved.state, 'The snapshot') as S)
    this.#rng = undefined
    if (saved.rng !== null) {
      this.#rng = new Pcg64(0)
      this.#rng.setState(saved.rng)
    }
    this.#phase = saved.phase
    this.#steps = saved.steps
    this.#taskId = saved.taskId ?? undefined
  }

  #readResetOptions(given: Readonly<Record<string, unknown>>): OptionValues<R> {
    const table = this.#source.resetOptions ?? ({} as R)
    const label = `reset options of ${this.#source.id}`
    return resolveOptions(table, [{ source: 'api', values: given, label }]).values
  }

  #outOfOrder(call: string): RepriseError {
    const when = this.#phase === 'new' ? 'before reset' : 'after the end of an episode'
    return new RepriseError('RPR_ENV_ORDER', `${this.spec.id}: ${call} was called ${when}.`, {
      hint: 'Call reset() first.',
    })
  }
}
