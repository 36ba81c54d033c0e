/** Builds the training and the evaluation environment of a run out of one definition, with the run's wrappers. */
import {
  type AnyEnv,
  type AnyEnvDefinition,
  ClipAction,
  type EnvOptions,
  FlattenObservation,
  type GoalSpec,
  NormalizeVectorObservation,
  NormalizeVectorReward,
  RepriseError,
  RescaleAction,
  type ResetResult,
  type Serializable,
  type Space,
  type VectorEnv,
  type VectorMakeOptions,
} from '@reprise/core'
import type { RunOptionValues } from './config/resolve.ts'
import { outcomeFrom } from './loops/outcome-from.ts'
import { builtinRegistry } from './registry.ts'
import { type Seat, StandIn } from './seat.ts'

export interface TrainingEnv {
  readonly env: VectorEnv
  /** Running statistics of the normalisers, null where there are none. */
  statistics(): Serializable
  setStatistics(saved: Serializable): void
}

interface Statistics {
  readonly [key: string]: Serializable
  readonly observation: Serializable
  readonly reward: Serializable
}

/**
 * Steps after which an episode of an evaluation is cut off where the environment has no time limit: a greedy policy may
 * stand before a wall for ever.
 */
export const EVALUATION_LIMIT = 10_000

export class EnvironmentMaker {
  readonly id: string
  readonly maxEpisodeSteps: number | undefined
  readonly observationSpace: Space
  readonly actionSpace: Space
  maskSize = 0
  readonly canSnapshot: boolean
  /** Where goals can be replaced in hindsight; wrappers may change what a goal is. */
  readonly goals: GoalSpec | undefined
  /** What success is where it is not what the environment says (`outcomeFrom`). */
  readonly #outcome: ((episodeReturn: number) => number) | undefined
  /** Without the run's wrappers. */
  readonly #bare: AnyEnvDefinition
  readonly #definition: AnyEnvDefinition
  readonly #makeOptions: VectorMakeOptions
  readonly #run: RunOptionValues
  readonly #gamma: number

  /** @throws RPR_OPTION_* for bad environment options, RPR_SPACE_UNSUPPORTED where a normaliser does not fit. */
  static async make(
    definition: AnyEnvDefinition,
    envOptions: Readonly<Record<string, unknown>>,
    run: RunOptionValues,
    gamma: number,
  ): Promise<EnvironmentMaker> {
    const maker = new EnvironmentMaker(definition, envOptions, run, gamma)
    const { env } = maker.evaluation(1)
    try {
      // What a hand-written environment says of masks is known from its first reset.
      if (definition.makeVector === undefined) await env.reset({ seeds: 0 })
      maker.maskSize = env.maskSize
    } finally {
      await env.close()
    }
    return maker
  }

  private constructor(
    definition: AnyEnvDefinition,
    envOptions: Readonly<Record<string, unknown>>,
    run: RunOptionValues,
    gamma: number,
  ) {
    this.#run = run
    this.#outcome = outcomeFrom(run.outcomeFrom ?? 'none')
    this.#gamma = gamma
    this.#bare = definition
    this.goals = run.wrappers.length > 0 ? undefined : definition.goals
    this.#definition = run.wrappers.length > 0 ? wrapSingles(definition, run.wrappers) : definition
    this.#makeOptions = {
      options: envOptions,
      ...(run.maxEpisodeSteps === null ? {} : { maxEpisodeSteps: run.maxEpisodeSteps }),
    }
    const probe = this.#build(1, { autoresetMode: 'Disabled' }, false)
    this.id = definition.spec.id
    this.maxEpisodeSteps = probe.env.spec.maxEpisodeSteps
    this.observationSpace = probe.env.singleObservationSpace
    this.actionSpace = probe.env.singleActionSpace
    this.canSnapshot = probe.env.canSnapshot
    void probe.env.close()
  }

  /** One environment as it was defined, without the run's wrappers, and what it was made from. */
  bare(): { definition: AnyEnvDefinition; options: EnvOptions; env: AnyEnv } {
    const { options = {}, ...overrides } = this.#makeOptions
    return { definition: this.#bare, options, env: this.#bare.make(options, overrides) }
  }

  training(numEnvs: number, options: VectorMakeOptions): TrainingEnv {
    return this.#build(numEnvs, options, true)
  }

  /** The outcome of the episode that just ended in a row of one of its environments; NaN where none is known. */
  outcomeOf({ columns }: VectorEnv, row: number): number {
    return this.#outcome?.(columns.episodeReturns[row]!) ?? columns.outcomes[row]!
  }

  /** Frozen normalisers, raw rewards, one episode per row until the caller resets it. */
  evaluation(numEnvs: number, onError: 'throw' | 'fail' = 'throw'): TrainingEnv {
    const limit = this.maxEpisodeSteps === undefined ? { maxEpisodeSteps: EVALUATION_LIMIT } : {}
    return this.#build(numEnvs, { autoresetMode: 'Disabled', onError, ...limit }, false)
  }

  /** One row of observation and action columns behind the run's wrappers, for a policy apart from any environment. */
  seat(statistics: Serializable): Seat {
    const { env, setStatistics } = this.evaluation(1)
    setStatistics(statistics)
    const raw = env instanceof NormalizeVectorObservation ? env.inner : env
    const { actionSpace } = this
    const { wrappers } = this.#run
    const standIn = new StandIn(
      wrappers.length > 0
        ? this.#bare.make(this.#makeOptions.options)
        : { observationSpace: raw.singleObservationSpace, actionSpace, spec: raw.spec },
    )
    const wrapped = wrap(standIn, wrappers)
    return {
      observe(observation) {
        standIn.observation = observation
        const { observation: seen } = wrapped.reset() as ResetResult<unknown>
        raw.singleObservationSpace.write(seen, raw.columns.observations, 0)
        // Setting statistics makes the normaliser read the row anew.
        setStatistics(statistics)
        return env.columns.observations
      },
      action(write) {
        write(env.columns.actions)
        void wrapped.step(actionSpace.read(env.columns.actions, 0))
        return standIn.action
      },
    }
  }

  #build(numEnvs: number, options: VectorMakeOptions, training: boolean): TrainingEnv {
    let env = builtinRegistry.makeVector(this.#definition, numEnvs, { ...this.#makeOptions, ...options })
    let observation: NormalizeVectorObservation | undefined
    let reward: NormalizeVectorReward | undefined
    if (this.#run.normalizeObservation) env = observation = normalized(env)
    if (this.#run.normalizeReward && training) env = reward = new NormalizeVectorReward(env, { gamma: this.#gamma })
    if (observation) observation.training = training
    return {
      env,
      statistics: () =>
        ({ observation: observation?.statistics() ?? null, reward: reward?.statistics() ?? null }) satisfies Statistics,
      setStatistics: (saved) => {
        const statistics = saved as Statistics
        if (statistics.observation !== null) observation?.setStatistics(statistics.observation)
        if (statistics.reward !== null) reward?.setStatistics(statistics.reward)
      },
    }
  }
}

/** @throws RPR_SPACE_UNSUPPORTED in terms of the option */
function normalized(env: VectorEnv): NormalizeVectorObservation {
  const space = env.singleObservationSpace as Space & { dtype?: string }
  if (space.kind === 'Box' && space.dtype?.startsWith('float')) return new NormalizeVectorObservation(env)
  throw new RepriseError(
    'RPR_SPACE_UNSUPPORTED',
    `Option 'normalizeObservation' needs observations in a Box of floats, and '${env.spec.id}' has ${space}.`,
    { value: String(space), hint: 'Leave it out, or flatten them first: --set wrappers=flattenObservation.' },
  )
}

const singleWrappers: Record<string, (env: AnyEnv) => AnyEnv> = {
  flattenObservation: (env) => new FlattenObservation(env) as AnyEnv,
  clipAction: (env) => new ClipAction(env as never) as AnyEnv,
  rescaleAction: (env) => new RescaleAction(env as never, { low: -1, high: 1 }) as AnyEnv,
}

/** The same definition with each single environment wrapped; its native batched form would bypass the wrappers. */
function wrapSingles(definition: AnyEnvDefinition, wrappers: readonly string[]): AnyEnvDefinition {
  const { makeVector: _, ...rest } = definition
  return {
    ...rest,
    make: (...args) => wrap(definition.make(...args), wrappers),
  }
}

function wrap(env: AnyEnv, wrappers: readonly string[]): AnyEnv {
  return wrappers.reduce((inner, name) => singleWrappers[name]!(inner), env)
}
