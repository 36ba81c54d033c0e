import { type AnyEnvDefinition, isEnvDefinition, type MakeOverrides, type VectorMakeOptions } from './definition.ts'
import type { AnyEnv, EnvOptions } from './env.ts'
import { RepriseError, suggest } from './errors.ts'
import { SyncVectorEnv } from './sync-vector-env.ts'
import type { VectorEnv } from './vector-env.ts'
import { TimeLimit } from './wrappers/time-limit.ts'

/** Definitions by id. A plain value: there is no global table and nothing registers itself. */
export class Registry {
  readonly #definitions = new Map<string, AnyEnvDefinition>()

  /** @throws RepriseError RPR_ENV_CONTRACT for what is no definition and for an id given twice */
  constructor(definitions: readonly AnyEnvDefinition[]) {
    for (const definition of definitions) {
      if (!isEnvDefinition(definition))
        throw new RepriseError('RPR_ENV_CONTRACT', 'A registry was given what is no environment definition.', {
          value: definition,
          hint: 'Definitions come from defineEnv(...) or definitionFromEnv(...).',
        })
      const { id } = definition.spec
      if (this.#definitions.has(id))
        throw new RepriseError('RPR_ENV_CONTRACT', `Two environments have the id '${id}'.`, {
          value: id,
          hint: 'Give one of them a namespace (mine/Name-v0) or another version.',
        })
      this.#definitions.set(id, definition)
    }
  }

  /** @throws RepriseError RPR_ENV_UNKNOWN with the nearest id */
  get(id: string): AnyEnvDefinition {
    const definition = this.#definitions.get(id)
    if (definition) return definition
    throw new RepriseError('RPR_ENV_UNKNOWN', `No environment has the id '${id}'.`, {
      value: id,
      hint: suggest(id, [...this.#definitions.keys()]),
    })
  }

  /** All definitions, by id. */
  list(): AnyEnvDefinition[] {
    return [...this.#definitions.values()].sort((a, b) => (a.spec.id < b.spec.id ? -1 : 1))
  }

  /** @throws RepriseError RPR_ENV_UNKNOWN, RPR_OPTION_* */
  make(env: string | AnyEnvDefinition, options?: EnvOptions, overrides?: MakeOverrides): AnyEnv {
    return makeEnv(typeof env === 'string' ? this.get(env) : env, options, overrides)
  }

  /** The native batched form where there is one, else a SyncVectorEnv. @throws RepriseError RPR_ENV_UNKNOWN, RPR_OPTION_* */
  makeVector(env: string | AnyEnvDefinition, numEnvs: number, options?: VectorMakeOptions): VectorEnv {
    return makeVectorEnv(typeof env === 'string' ? this.get(env) : env, numEnvs, options)
  }
}

/**
 * One environment of a definition. A definition that does not heed `maxEpisodeSteps` is wrapped to a shorter limit.
 * @throws RepriseError RPR_OPTION_*, RPR_ENV_UNSUPPORTED for a longer limit than such a definition has
 */
export function makeEnv(definition: AnyEnvDefinition, options?: EnvOptions, overrides: MakeOverrides = {}): AnyEnv {
  const env = definition.make(options, overrides)
  const wanted = overrides.maxEpisodeSteps
  const limit = env.spec?.maxEpisodeSteps
  if (wanted === undefined || limit === wanted) return env
  if (limit === undefined || limit > wanted) return new TimeLimit(env, wanted)
  throw new RepriseError('RPR_ENV_UNSUPPORTED', `${definition.spec.id} does not take maxEpisodeSteps = ${wanted}.`, {
    value: wanted,
    hint: `Use ${limit} or less.`,
  })
}

/**
 * `numEnvs` environments of a definition: its native batched form where there is one that takes the options, else a
 * SyncVectorEnv.
 * @throws RepriseError RPR_OPTION_*, RPR_ENV_UNSUPPORTED
 */
export function makeVectorEnv(
  definition: AnyEnvDefinition,
  numEnvs: number,
  options: VectorMakeOptions = {},
): VectorEnv {
  if (!Number.isSafeInteger(numEnvs) || numEnvs < 1)
    throw new RepriseError('RPR_OPTION_RANGE', `numEnvs = ${numEnvs} is not legal.`, {
      value: numEnvs,
      hint: 'It takes an integer >= 1.',
    })
  const { options: envOptions, maxEpisodeSteps, autoresetMode, onError } = options
  const overrides: MakeOverrides = maxEpisodeSteps === undefined ? {} : { maxEpisodeSteps }
  const native = definition.makeVector?.(numEnvs, options)
  if (native && (maxEpisodeSteps === undefined || native.spec.maxEpisodeSteps === maxEpisodeSteps)) return native
  const envs = Array.from({ length: numEnvs }, () => makeEnv(definition, envOptions, overrides))
  return new SyncVectorEnv(envs, {
    ...(autoresetMode === undefined ? {} : { autoresetMode }),
    ...(onError === undefined ? {} : { onError }),
  })
}
