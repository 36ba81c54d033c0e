import { DefinedEnv, type DefinedEnvSource } from './defined-env.ts'
import { DEFINITION_BRAND, type EnvDefinition, type GoalSpec } from './definition.ts'
import type { Env, EnvOptions, EnvSpec } from './env.ts'
import { RepriseError } from './errors.ts'
import { type OptionTable, type OptionValues, resolveOptions } from './options.ts'
import type { Element, Space } from './space.ts'
import { OrderEnforcing } from './wrappers/order-enforcing.ts'
import { TimeLimit } from './wrappers/time-limit.ts'

type NoOptions = Record<never, never>

/**
 * An environment from a few functions of an explicit state. Types follow: the state's from what `reset` returns, the
 * action's and the observation's from the spaces. The time limit, the order of calls, the check of actions, snapshots
 * and seeding are taken care of.
 *
 * ```ts
 * export default defineEnv({
 *   id: 'Corridor-v0',
 *   maxEpisodeSteps: 50,
 *   options: { length: option.integer({ default: 10, min: 2, doc: 'Cells of the corridor.' }) },
 *   observationSpace: ({ length }) => box({ low: 0, high: length }),
 *   actionSpace: discrete(2),
 *   reset: () => ({ position: 0 }),
 *   step: ({ state, action, options }) => {
 *     const position = Math.max(0, state.position + (action === 1 ? 1 : -1))
 *     const terminated = position === options.length
 *     return { state: { position }, reward: terminated ? 1 : 0, terminated }
 *   },
 *   observe: ({ state }) => [state.position],
 * })
 * ```
 * @throws RepriseError RPR_ENV_CONTRACT for an id or a limit that is not legal; `make` throws RPR_OPTION_*
 */
export function defineEnv<
  S,
  OS extends Space,
  AS extends Space,
  T extends OptionTable = NoOptions,
  R extends OptionTable = NoOptions,
>(source: DefinedEnvSource<S, OS, AS, T, R>): EnvDefinition<Element<OS>, Element<AS>> {
  const table = source.options ?? ({} as T)
  const spec = checkSpec({
    id: source.id,
    maxEpisodeSteps: source.maxEpisodeSteps,
    rewardThreshold: source.rewardThreshold,
    deterministic: source.deterministic,
    actionMasks: source.actionMask !== undefined,
  })
  return {
    [DEFINITION_BRAND]: true,
    spec,
    ...(source.summary === undefined ? {} : { summary: source.summary }),
    options: table,
    ...(source.goals === undefined ? {} : { goals: source.goals }),
    make: (given = {}, overrides = {}) =>
      new DefinedEnv(source, checkSpec({ ...spec, ...overrides }), read(table, given, spec.id)),
  }
}

export interface DefinitionParts<T extends OptionTable> extends EnvSpec {
  readonly summary?: string
  readonly options?: T
  /** Where the observation is a Dict with `achieved_goal` and `desired_goal`. */
  readonly goals?: GoalSpec
}

/**
 * The definition of a hand-written environment: `create` makes one from the resolved options. The time limit and the
 * order of calls are taken care of by wrappers.
 * @throws RepriseError RPR_ENV_CONTRACT for an id or a limit that is not legal; `make` throws RPR_OPTION_*
 */
export function definitionFromEnv<O, A, T extends OptionTable = NoOptions>(
  parts: DefinitionParts<T>,
  create: (options: OptionValues<T>) => Env<O, A>,
): EnvDefinition<O, A> {
  const { summary, options: table = {} as T, goals, ...rest } = parts
  const spec = checkSpec(rest)
  return {
    [DEFINITION_BRAND]: true,
    spec,
    ...(summary === undefined ? {} : { summary }),
    options: table,
    ...(goals === undefined ? {} : { goals }),
    make: (given = {}, overrides = {}) => {
      const made = checkSpec({ ...spec, ...overrides })
      const env = create(read(table, given, spec.id))
      const { maxEpisodeSteps: limit } = made
      return new OrderEnforcing(limit === undefined ? env : new TimeLimit(env, limit), made)
    },
  }
}

function read<T extends OptionTable>(table: T, given: EnvOptions, id: string): OptionValues<T> {
  return resolveOptions(table, [{ source: 'api', values: given, label: `options of ${id}` }]).values
}

function checkSpec(spec: EnvSpec): EnvSpec {
  const { id, maxEpisodeSteps: limit } = spec
  if (typeof id !== 'string' || !/^([\w.-]+\/)?[\w.-]+-v\d+$/.test(id))
    throw new RepriseError('RPR_ENV_CONTRACT', `An environment id of '${id}' is not legal.`, {
      value: id,
      hint: 'Ids look like Corridor-v0 or mine/Corridor-v0.',
    })
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
    throw new RepriseError('RPR_ENV_CONTRACT', `${id}: maxEpisodeSteps = ${limit} is not legal.`, {
      value: limit,
      hint: 'It is an integer >= 1, or left out for no limit.',
    })
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)) as unknown as EnvSpec
}
