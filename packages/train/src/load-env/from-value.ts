/** Makes a definition of what a user gives for an environment: a definition, a class, a factory or an object. */
import {
  type AnyEnv,
  type AnyEnvDefinition,
  definitionFromEnv,
  type EnvOptions,
  type EnvSpec,
  isEnvDefinition,
  isSpace,
  type OptionTable,
  RepriseError,
} from '@reprise/core'

export function isEnvInstance(value: unknown): value is AnyEnv {
  if (typeof value !== 'object' || value === null) return false
  const env = value as Record<string, unknown>
  return typeof env['reset'] === 'function' && typeof env['step'] === 'function'
}

export function isEnvClass(value: unknown): boolean {
  return typeof value === 'function' && isEnvInstance(value.prototype)
}

/**
 * `name` stands in for the id where the environment gives none, and says in messages where the value came from.
 * A class or factory may carry its table of environment options as `options` (`static options = {...}`); it is called
 * with their values. Without a table it takes none.
 * @throws RPR_ENV_LOAD where it is none of the four; RPR_ENV_CONTRACT where it lacks a part of Env
 */
export function envDefinitionOf(value: unknown, name: string): AnyEnvDefinition {
  if (isEnvDefinition(value)) return value
  if (isEnvClass(value)) {
    const Class = value as new (options?: EnvOptions) => AnyEnv
    return define(name, Class, (options) => new Class(options))
  }
  if (isEnvInstance(value)) return define(name, value.constructor, again(value, name))
  if (typeof value !== 'function') {
    throw new RepriseError('RPR_ENV_LOAD', `${name} is no environment but ${describe(value)}.`, {
      value,
      hint: 'Give what defineEnv returns, a class with reset and step, or a function that makes one.',
    })
  }
  const factory = value as (options?: EnvOptions) => unknown
  const made = call(factory, name)
  // `() => defineEnv({...})`: the definition itself is wanted.
  if (isEnvDefinition(made)) return made
  return define(name, factory, (options) => factory(options) as AnyEnv, made)
}

function define(
  name: string,
  source: object,
  create: (options?: EnvOptions) => AnyEnv,
  first: unknown = call(create, name),
): AnyEnvDefinition {
  const spec = validate(first, name)
  const { options, summary } = source as { options?: OptionTable; summary?: string }
  return definitionFromEnv({ ...spec, summary, options: typeof options === 'object' ? options : {} }, (values) => {
    const env = create(values)
    validate(env, name)
    if (env.spec === undefined) Object.defineProperty(env, 'spec', { value: spec, enumerable: true })
    return env
  })
}

/** The spec of an environment that has the parts of Env, its id invented where it has none. */
function validate(env: unknown, name: string): EnvSpec {
  const missing = (what: string) =>
    new RepriseError('RPR_ENV_CONTRACT', `The environment of ${name} has no ${what}.`, {
      value: what,
      hint: 'See Env in @reprise/core, or describe the environment with defineEnv, which fills in what it can.',
    })
  if (typeof env !== 'object' || env === null) {
    throw new RepriseError('RPR_ENV_LOAD', `The function of ${name} made no environment but ${describe(env)}.`, {
      value: env,
      hint: 'Return an object with reset and step.',
    })
  }
  const given = env as Partial<AnyEnv>
  for (const method of ['reset', 'step'] as const) {
    if (typeof given[method] !== 'function') throw missing(`method '${method}'`)
  }
  for (const space of ['observationSpace', 'actionSpace'] as const) {
    if (!isSpace(given[space])) throw missing(`'${space}' that is a space, as box(...) or discrete(...) make`)
  }
  return given.spec ?? { id: idFrom(name) }
}

/** One object can be one environment only: the next needs a constructor that takes no arguments. */
function again(instance: AnyEnv, name: string): () => AnyEnv {
  const Class = instance.constructor as new () => AnyEnv
  const canConstruct = isEnvClass(Class) && Class.length === 0
  let handedOut = 0
  return () => {
    // Once for the look at its spec, once for use.
    if (handedOut++ < 2) return instance
    if (canConstruct) return new Class()
    throw new RepriseError('RPR_ENV_UNSUPPORTED', `${name} is one environment object, but several are needed.`, {
      hint: 'Training and evaluation need one each: give a class, a function that makes one, or defineEnv({...}).',
    })
  }
}

function call(create: (options?: EnvOptions) => unknown, name: string): unknown {
  try {
    return create({})
  } catch (error) {
    if (error instanceof Error && error.name === 'RepriseError') throw error
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new RepriseError('RPR_ENV_LOAD', `${name} threw when it was made: ${what}.`, { cause: error })
  }
}

/** `my-env.ts` -> `MyEnv-v0`. */
function idFrom(name: string): string {
  const words = name
    .replace(/^.*[\\/]/, '')
    .replace(/\.[a-z]+$/, '')
    .replace(/^.*#/, '')
    .split(/[^A-Za-z0-9]+/)
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return `${joined || 'Custom'}-v0`
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise'
  if (value === null || typeof value !== 'object') return `${typeof value} ${String(value)}`
  return Array.isArray(value) ? 'an array' : 'an object without reset and step'
}
