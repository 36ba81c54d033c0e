/**
 * One typed table of options gives defaults, ranges, command-line flags, help, docs and the errors for bad values.
 * Unknown names, wrong types, values out of range and options that would have no effect are refused by name.
 */
import { type ErrorCode, RepriseError, suggest } from './errors.ts'

export interface OptionSpec<T> {
  readonly kind: 'number' | 'integer' | 'boolean' | 'choice' | 'string' | 'schedule' | 'list' | 'map'
  readonly default: T
  /** One line: what it does. */
  readonly doc: string
  /** The legal values in words: `a number in (0, 1]`. */
  readonly range: string
  /** Other names accepted in files, e.g. the Zoo's `n_steps`. */
  readonly aliases: readonly string[]
  /** The value as this option's type, or why it is none. Text is accepted as the command line gives it. */
  read(value: unknown): { value: T } | { error: ErrorCode }
  /** Why the option would have no effect given the others; undefined where it has one. */
  readonly inert?: (values: Readonly<Record<string, unknown>>) => string | undefined
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>

export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends OptionSpec<infer V> ? V : never
}

interface Common {
  doc: string
  aliases?: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: the table's other options are not known where one is declared
  inert?: (values: any) => string | undefined
}

interface Numeric extends Common {
  default: number
  min?: number
  max?: number
  /** True where `min` itself is not legal. */
  above?: boolean
}

const bad = (error: ErrorCode) => ({ error })
const TYPE = bad('RPR_OPTION_TYPE')
const RANGE = bad('RPR_OPTION_RANGE')

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

function bounds(kind: string, { min, max, above }: { min?: number; max?: number; above?: boolean }): string {
  const article = kind === 'integer' ? 'an integer' : 'a number'
  if (min !== undefined && max !== undefined) return `${article} in ${above ? '(' : '['}${min}, ${max}]`
  if (min !== undefined) return `${article} ${above ? '>' : '>='} ${min}`
  if (max !== undefined) return `${article} <= ${max}`
  return article
}

function within(value: number, { min, max, above }: { min?: number; max?: number; above?: boolean }): boolean {
  if (!Number.isFinite(value)) return false
  if (min !== undefined && (above ? value <= min : value < min)) return false
  return max === undefined || value <= max
}

function common({ doc, aliases = [], inert }: Common) {
  return { doc, aliases, ...(inert ? { inert } : {}) }
}

/** Constructors for the kinds of option. */
export const option = {
  number: (o: Numeric): OptionSpec<number> => ({
    kind: 'number',
    default: o.default,
    range: bounds('number', o),
    ...common(o),
    read: (value) => {
      const number = toNumber(value)
      if (number === undefined) return TYPE
      return within(number, o) ? { value: number } : RANGE
    },
  }),

  integer: (o: Numeric): OptionSpec<number> => ({
    kind: 'integer',
    default: o.default,
    range: bounds('integer', o),
    ...common(o),
    read: (value) => {
      const number = toNumber(value)
      if (number === undefined) return TYPE
      if (!Number.isSafeInteger(number)) return Number.isFinite(number) ? TYPE : RANGE
      return within(number, o) ? { value: number } : RANGE
    },
  }),

  /** A number that may also be absent: `null` or `none`. */
  optionalNumber: (o: Omit<Numeric, 'default'> & { default: number | null }): OptionSpec<number | null> => ({
    kind: 'number',
    default: o.default,
    range: `${bounds('number', o)}, or none`,
    ...common(o),
    read: (value) => {
      if (value === null || value === 'none') return { value: null }
      const number = toNumber(value)
      if (number === undefined) return TYPE
      return within(number, o) ? { value: number } : RANGE
    },
  }),

  /** An integer that may also be absent: `null` or `none`. */
  optionalInteger: (o: Omit<Numeric, 'default'> & { default: number | null }): OptionSpec<number | null> => {
    const integer = option.integer({ ...o, default: 0 })
    return {
      ...integer,
      default: o.default,
      range: `${integer.range}, or none`,
      read: (value) => (value === null || value === 'none' ? { value: null } : integer.read(value)),
    }
  },

  boolean: (o: Common & { default: boolean }): OptionSpec<boolean> => ({
    kind: 'boolean',
    default: o.default,
    range: 'true or false',
    ...common(o),
    read: (value) => {
      if (value === true || value === 'true') return { value: true }
      if (value === false || value === 'false') return { value: false }
      return TYPE
    },
  }),

  choice: <const V extends string>(o: Common & { values: readonly V[]; default: NoInfer<V> }): OptionSpec<V> => ({
    kind: 'choice',
    default: o.default,
    range: `one of ${o.values.join(', ')}`,
    ...common(o),
    read: (value) => {
      if (typeof value !== 'string') return TYPE
      return o.values.includes(value as V) ? { value: value as V } : RANGE
    },
  }),

  string: (o: Common & { default: string }): OptionSpec<string> => ({
    kind: 'string',
    default: o.default,
    range: 'text',
    ...common(o),
    read: (value) => (typeof value === 'string' ? { value } : TYPE),
  }),

  /** A number, or a number that changes over the run: see `parseSchedule`. */
  schedule: (
    o: Common & { default: number | string; min?: number; above?: boolean; max?: number },
  ): OptionSpec<number | string> => ({
    kind: 'schedule',
    default: o.default,
    range: `${bounds('number', o)}, or a schedule: lin_X (from X to 0), linear(X, Y), cosine(X, Y)`,
    ...common(o),
    read: (value) => {
      const number = toNumber(value)
      if (number !== undefined) return within(number, o) ? { value: number } : RANGE
      if (typeof value !== 'string') return TYPE
      const schedule = matchSchedule(value)
      if (!schedule) return TYPE
      // A schedule may end at 0 even where a constant 0 would be senseless.
      return within(schedule.from, o) && within(schedule.to, { ...o, above: false }) ? { value } : RANGE
    },
  }),

  /** A list of numbers: `[64, 64]` or `64,64`. */
  numbers: (
    o: Common & { default: readonly number[]; min?: number; max?: number; integer?: boolean },
  ): OptionSpec<readonly number[]> => ({
    kind: 'list',
    default: o.default,
    range: `a list, each ${bounds(o.integer ? 'integer' : 'number', o)}`,
    ...common(o),
    read: (value) => {
      const items = listOf(value)
      if (!items) return TYPE
      const numbers = items.map(toNumber)
      if (numbers.some((n) => n === undefined)) return TYPE
      if (!numbers.every((n) => within(n!, o))) return RANGE
      if (o.integer && !numbers.every((n) => Number.isSafeInteger(n))) return TYPE
      return { value: numbers as number[] }
    },
  }),

  /** A list of names: `[a, b]` or `a,b`. */
  names: (o: Common & { default: readonly string[]; values?: readonly string[] }): OptionSpec<readonly string[]> => ({
    kind: 'list',
    default: o.default,
    range: o.values ? `a list of ${o.values.join(', ')}` : 'a list of names',
    ...common(o),
    read: (value) => {
      const items = listOf(value)
      if (!items?.every((item) => typeof item === 'string')) return TYPE
      if (o.values && !items.every((item) => o.values!.includes(item as string))) return RANGE
      return { value: items as string[] }
    },
  }),

  /** Name: number pairs, e.g. weights per reward. */
  weights: (
    o: Common & { default: Readonly<Record<string, number>> },
  ): OptionSpec<Readonly<Record<string, number>>> => ({
    kind: 'map',
    default: o.default,
    range: 'names with a number each: {a: 1, b: 0.5}',
    ...common(o),
    read: (value) => {
      let pairs: [string, unknown][]
      if (typeof value === 'string') {
        const inner = value.trim().replace(/^\{(.*)\}$/, '$1')
        pairs =
          inner === '' ? [] : inner.split(',').map((part) => part.split(':').map((s) => s.trim()) as [string, unknown])
      } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        pairs = Object.entries(value)
      } else return TYPE
      const out: Record<string, number> = {}
      for (const [name, weight] of pairs) {
        const number = toNumber(weight)
        if (number === undefined) return TYPE
        out[name] = number
      }
      return { value: out }
    },
  }),
}

function listOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (typeof value === 'number') return [value]
  if (typeof value !== 'string') return undefined
  const inner = value
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .trim()
  return inner === '' ? [] : inner.split(',').map((item) => item.trim())
}

// ---------------------------------------------------------------------------------------------- schedules

interface Schedule {
  kind: 'linear' | 'cosine'
  from: number
  to: number
}

function matchSchedule(text: string): Schedule | undefined {
  const zoo = /^lin_(.+)$/.exec(text.trim())
  if (zoo) {
    const from = toNumber(zoo[1])
    return from === undefined ? undefined : { kind: 'linear', from, to: 0 }
  }
  const call = /^(linear|cosine)\(([^,]+),([^,]+)\)$/.exec(text.trim())
  if (!call) return undefined
  const from = toNumber(call[2]!.trim())
  const to = toNumber(call[3]!.trim())
  return from === undefined || to === undefined ? undefined : { kind: call[1] as Schedule['kind'], from, to }
}

/**
 * The value of a schedule at `progress` in [0, 1] (0 at the start of the run, 1 at its end).
 * `0.001` constant; `lin_0.001` and `linear(0.001, 0)` straight; `cosine(0.001, 0)` half a cosine wave.
 */
export function parseSchedule(schedule: number | string): (progress: number) => number {
  const constant = toNumber(schedule)
  if (constant !== undefined) return () => constant
  const parsed = matchSchedule(String(schedule))
  if (!parsed) throw new RepriseError('RPR_OPTION_TYPE', `'${schedule}' is no schedule.`, { value: schedule })
  const { kind, from, to } = parsed
  const clamp = (p: number) => Math.min(1, Math.max(0, p))
  if (kind === 'linear') return (p) => from + (to - from) * clamp(p)
  return (p) => to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * clamp(p)))
}

// ---------------------------------------------------------------------------------------------- resolution

/** Where a value came from. Only values that a user set (file, flag, api) can be refused as inert. */
export type OptionSource = 'default' | 'preset' | 'file' | 'flag' | 'api'

export interface OptionLayer {
  readonly source: OptionSource
  readonly values: Readonly<Record<string, unknown>>
  /** What to call this layer in a message: `--set`, `config.yaml`. */
  readonly label?: string
}

export interface ResolvedOptions<T extends OptionTable> {
  readonly values: OptionValues<T>
  readonly sources: { readonly [K in keyof T]: OptionSource }
}

/**
 * Lays `layers` over the table's defaults, later ones on top.
 * @throws RepriseError RPR_OPTION_UNKNOWN, RPR_OPTION_TYPE, RPR_OPTION_RANGE, RPR_OPTION_INERT
 */
export function resolveOptions<T extends OptionTable>(table: T, layers: readonly OptionLayer[]): ResolvedOptions<T> {
  const values: Record<string, unknown> = {}
  const sources: Record<string, OptionSource> = {}
  for (const [name, spec] of Object.entries(table)) {
    values[name] = spec.default
    sources[name] = 'default'
  }
  for (const layer of layers) {
    for (const [given, raw] of Object.entries(layer.values)) {
      if (raw === undefined) continue
      const name = canonicalName(table, given)
      if (name === undefined) {
        throw new RepriseError('RPR_OPTION_UNKNOWN', `Unknown option '${given}'${from(layer)}.`, {
          value: given,
          hint: suggest(given, Object.keys(table)),
        })
      }
      values[name] = readOption(name, table[name]!, raw, layer)
      sources[name] = layer.source
    }
  }
  for (const [name, spec] of Object.entries(table)) {
    const source = sources[name]!
    if (!spec.inert || source === 'default' || source === 'preset') continue
    if (JSON.stringify(values[name]) === JSON.stringify(spec.default)) continue
    const reason = spec.inert(values)
    if (reason !== undefined) {
      throw new RepriseError(
        'RPR_OPTION_INERT',
        `Option '${name}' = ${show(values[name])} would have no effect: ${reason}.`,
        {
          value: values[name],
          hint: `Leave '${name}' out, or change what makes it idle.`,
        },
      )
    }
  }
  return { values, sources } as ResolvedOptions<T>
}

/** The table's own name for a name or an alias of it. */
export function canonicalName(table: OptionTable, given: string): string | undefined {
  if (Object.hasOwn(table, given)) return given
  return Object.keys(table).find((name) => table[name]!.aliases.includes(given))
}

/** One value, checked: the error names the option, the value, the legal range and where it was set. */
export function readOption<T>(name: string, spec: OptionSpec<T>, raw: unknown, layer?: OptionLayer): T {
  const result = spec.read(raw)
  if ('value' in result) return result.value
  throw new RepriseError(result.error, `Option '${name}' = ${show(raw)}${layer ? from(layer) : ''} is not legal.`, {
    value: raw,
    hint: `It takes ${spec.range}.`,
  })
}

function from(layer: OptionLayer): string {
  return layer.label ? ` in ${layer.label}` : ''
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}
