/** Reads the arguments of one verb. Everything that the verb's table does not name is refused. */
import { parseArgs } from 'node:util'
import { option, RepriseError, readOption, suggest } from '@reprise/core'
import { COMMON_FLAGS, type FlagSpec, type VerbSpec } from './verb.ts'

type FlagValue = string | number | true | readonly string[] | Readonly<Record<string, string>>

export class Args {
  /** Everything after the verb, as it was typed. */
  readonly raw: readonly string[]
  readonly #positionals: Readonly<Record<string, readonly string[]>>
  readonly #flags: ReadonlyMap<string, FlagValue>

  constructor(
    raw: readonly string[],
    positionals: Readonly<Record<string, readonly string[]>> = {},
    flags: ReadonlyMap<string, FlagValue> = new Map(),
  ) {
    this.raw = raw
    this.#positionals = positionals
    this.#flags = flags
  }

  /** A required positional argument. */
  argument(name: string): string {
    return this.#positionals[name]![0]!
  }

  optionalArgument(name: string): string | undefined {
    return this.#positionals[name]?.[0]
  }

  /** All values of an argument that takes many. */
  argumentList(name: string): readonly string[] {
    return this.#positionals[name] ?? []
  }

  has(flag: string): boolean {
    return this.#flags.has(flag)
  }

  text(flag: string): string | undefined {
    return this.#flags.get(flag) as string | undefined
  }

  integer(flag: string): number | undefined {
    return this.#flags.get(flag) as number | undefined
  }

  switch(flag: string): boolean {
    return this.#flags.get(flag) === true
  }

  /** Every value of a flag that may be repeated; undefined where it was not given. */
  list(flag: string): readonly string[] | undefined {
    return this.#flags.get(flag) as readonly string[] | undefined
  }

  pairs(flag: string): Readonly<Record<string, string>> {
    return (this.#flags.get(flag) ?? {}) as Readonly<Record<string, string>>
  }
}

/** @throws RPR_USAGE, RPR_OPTION_TYPE, RPR_OPTION_RANGE, RPR_OPTION_CONFLICT */
export function parseVerb(verb: VerbSpec, argv: readonly string[]): Args {
  if (verb.passesOn) return new Args(argv)
  const table: Readonly<Record<string, FlagSpec>> = { ...verb.flags, ...COMMON_FLAGS }
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(table).map(([name, { kind }]) => [
        name,
        { type: kind === 'switch' ? 'boolean' : 'string' } as const,
      ]),
    ),
  })
  const positionals: string[] = []
  const flags = new Map<string, FlagValue>()
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const name = token.name === 'h' && token.rawName === '-h' ? 'help' : token.name
    const spec = Object.hasOwn(table, name) ? table[name]! : undefined
    if (!spec) throw unknownFlag(verb, token.rawName, table)
    const given = readFlag(verb, name, spec, token.value, token.inlineValue === true, flags.get(name))
    flags.set(name, given)
  }
  for (const [a, b] of verb.conflicts ?? []) {
    if (!flags.has(a) || !flags.has(b)) continue
    throw new RepriseError('RPR_OPTION_CONFLICT', `--${a} and --${b} contradict each other.`, {
      hint: 'Give one of them.',
    })
  }
  return new Args(argv, flags.has('help') ? {} : readPositionals(verb, positionals), flags)
}

function readFlag(
  verb: VerbSpec,
  name: string,
  spec: FlagSpec,
  value: string | undefined,
  inline: boolean,
  before: unknown,
): FlagValue {
  const usage = (message: string, hint: string) => new RepriseError('RPR_USAGE', message, { value, hint })
  if (spec.kind === 'switch') {
    if (value !== undefined)
      throw usage(`--${name} takes no value, but was given '${value}'.`, `Write --${name} alone.`)
    return true
  }
  // `--steps --seed 3`: the next flag is no value, unless it is tied on by an equals sign.
  if (value === undefined || value === '' || (!inline && value.startsWith('--'))) {
    throw usage(`--${name} of '${verb.name}' needs a value.`, `Write --${name} ${spec.value ?? '<value>'}.`)
  }
  if (spec.kind === 'pairs') {
    const equals = value.indexOf('=')
    if (equals < 1 || equals === value.length - 1) {
      throw usage(
        `--${name} ${value} is no name=value pair.`,
        `Write --${name} name=value, e.g. --${name} ${spec.value}.`,
      )
    }
    const key = value.slice(0, equals)
    const pairs = before as Record<string, string> | undefined
    if (pairs && Object.hasOwn(pairs, key)) throw usage(`--${name} ${key} is given twice.`, 'Give it once.')
    return { ...pairs, [key]: value.slice(equals + 1) }
  }
  if (spec.kind === 'list') {
    const list = (before ?? []) as readonly string[]
    if (list.includes(value)) throw usage(`--${name} ${value} is given twice.`, 'Give it once.')
    return [...list, value]
  }
  if (before !== undefined) throw usage(`--${name} is given twice: '${before}' and '${value}'.`, 'Give it once.')
  if (spec.kind === 'integer') {
    return readOption(`--${name}`, option.integer({ default: 0, min: spec.min ?? 0, doc: spec.doc }), value)
  }
  return value
}

function unknownFlag(verb: VerbSpec, raw: string, table: Readonly<Record<string, FlagSpec>>): RepriseError {
  const name = raw.replace(/^-+/, '')
  const near = suggest(name, Object.keys(table)).replace(/'(.*)'/, "'--$1'")
  const hint = near.startsWith('Did')
    ? near
    : `${'set' in table ? `Options are set with --set ${name}=<value>. ` : ''}See 'reprise ${verb.name} --help'.`
  return new RepriseError('RPR_USAGE', `Unknown flag '${raw}' of 'reprise ${verb.name}'.`, { value: raw, hint })
}

function readPositionals(verb: VerbSpec, given: readonly string[]): Record<string, string[]> {
  const usage = `Usage: reprise ${usageLine(verb)}`
  const last = verb.arguments.at(-1)
  const extra = given[verb.arguments.length]
  if (extra !== undefined && !last?.many) {
    throw new RepriseError('RPR_USAGE', `'reprise ${verb.name}' does not take the argument '${extra}'.`, {
      value: extra,
      hint: usage,
    })
  }
  const missing = verb.arguments.find((argument, i) => !argument.optional && given[i] === undefined)
  if (missing) {
    throw new RepriseError('RPR_USAGE', `'reprise ${verb.name}' needs ${missing.doc}.`, { hint: usage })
  }
  return Object.fromEntries(
    verb.arguments.map(({ name, many }, i) => [name, many ? given.slice(i) : given.slice(i, i + 1)]),
  )
}

export function usageLine(verb: VerbSpec): string {
  const places = verb.arguments.map(({ name, optional, many }) =>
    optional ? `[${name}]` : `<${name}>${many ? ' ...' : ''}`,
  )
  return [verb.name, ...places, ...(Object.keys(verb.flags).length > 0 ? ['[flags]'] : [])].join(' ')
}
