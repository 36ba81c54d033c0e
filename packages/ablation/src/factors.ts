/**
 * Factors of a grid. A list gives values of one option; a mapping names each level and says what it changes:
 *
 *   gradientSteps: [1, 4, 16]                 an option, by its name
 *   envOptions.bits: [5, 10]                  an option of the environment
 *   env: [CartPole-v1, Acrobot-v1]            a key of the arm itself
 *   replay: { uniform: {}, prioritized: { set: { prioritized: true } } }
 */
import { invalid, isMap, Section } from './section.ts'

export interface Level {
  readonly factor: string
  /** Part of the arm's name. */
  readonly name: string
  readonly label: string
  /** Where it stands on an axis. */
  readonly number: number | null
  /** Keys of the arm that it sets. */
  readonly patch: Readonly<Record<string, unknown>>
}

export interface Factor {
  readonly name: string
  readonly levels: readonly Level[]
}

export function readFactors(
  path: string,
  factors: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Factor[] {
  return Object.entries(factors).map(([name, value]) => {
    const legal = `It takes a list of different values, or a mapping from level names to keys of an arm.`
    const short = name.replace(/^envOptions\./, '')
    let levels: Level[]
    if (Array.isArray(value)) levels = value.map((entry) => scalarLevel(name, short, entry, keys))
    else if (isMap(value)) levels = Object.entries(value).map((entry) => namedLevel(path, name, short, entry, keys))
    else throw invalid(path, `factor '${name}' is ${JSON.stringify(value)}.`, value, legal)
    if (levels.length === 0 || new Set(levels.map((level) => level.name)).size !== levels.length) {
      throw invalid(path, `factor '${name}' has no levels, or the same one twice.`, value, legal)
    }
    return { name: short, levels }
  })
}

/** Every combination, the last factor changing fastest. */
export function crossFactors(factors: readonly Factor[]): Level[][] {
  if (factors.length === 0) return []
  return factors.reduce<Level[][]>(
    (cells, { levels }) => cells.flatMap((cell) => levels.map((level) => [...cell, level])),
    [[]],
  )
}

function scalarLevel(name: string, short: string, value: unknown, keys: readonly string[]): Level {
  const patch = name.startsWith('envOptions.')
    ? { envOptions: { [short]: value } }
    : keys.includes(name) && name !== 'set'
      ? { [name]: value }
      : { set: { [name]: value } }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const number = typeof value === 'number' ? value : null
  if (typeof value === 'boolean') {
    return { factor: short, name: value ? short : `no-${short}`, label: value ? short : `no ${short}`, number, patch }
  }
  const plain = typeof value === 'string'
  return {
    factor: short,
    name: (plain ? text : `${short}-${text}`).replace(/[^\w.+=-]+/g, '-'),
    label: plain ? text : `${short} ${text}`,
    number,
    patch,
  }
}

function namedLevel(
  path: string,
  name: string,
  short: string,
  [level, content]: readonly [string, unknown],
  keys: readonly string[],
): Level {
  new Section(path, `level '${level}' of factor '${name}'`, content ?? {}, keys)
  const { label = level, ...patch } = (content ?? {}) as Record<string, unknown>
  // A level of the factor env that names none is that environment.
  const own = short === 'env' && patch['env'] === undefined ? { env: level, ...patch } : patch
  return {
    factor: short,
    name: level,
    label: String(label),
    number: Number.isNaN(Number(level)) ? null : Number(level),
    patch: own,
  }
}
