/** A mapping of an experiment file whose keys are known; whatever is wrong is said with its key, value and legal form. */
import { RepriseError, suggest } from '@reprise/core'

export class Section {
  readonly #path: string
  readonly #place: string
  readonly #content: Readonly<Record<string, unknown>>

  constructor(path: string, place: string, content: unknown, keys: readonly string[]) {
    this.#path = path
    this.#place = place
    if (!isMap(content)) {
      throw invalid(
        path,
        `${place} is ${given(content)}, no mapping.`,
        content,
        `It takes the keys ${keys.join(', ')}.`,
      )
    }
    this.#content = content
    for (const key of Object.keys(content)) {
      if (!keys.includes(key)) throw invalid(path, `${place} has the unknown key '${key}'.`, key, suggest(key, keys))
    }
  }

  has(key: string): boolean {
    return (this.#content[key] ?? undefined) !== undefined
  }

  value(key: string): unknown {
    return this.#content[key] ?? undefined
  }

  text(key: string): string {
    const value = this.#content[key]
    if (typeof value === 'string' && value !== '') return value
    throw this.wrong(key, 'It takes a text.')
  }

  optionalText(key: string): string | null {
    return this.has(key) ? this.text(key) : null
  }

  number(key: string): number {
    const value = this.#content[key]
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.wrong(key, 'It takes a finite number.')
  }

  positiveInteger(key: string): number {
    const value = this.#content[key]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value
    throw this.wrong(key, 'It takes an integer >= 1.')
  }

  flag(key: string): boolean {
    const value = this.#content[key] ?? false
    if (typeof value === 'boolean') return value
    throw this.wrong(key, 'It takes true or false.')
  }

  choice<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.#content[key]
    if (choices.includes(value as T)) return value as T
    throw this.wrong(key, `It takes one of ${choices.join(', ')}.`)
  }

  map(key: string): Readonly<Record<string, unknown>> {
    const value = this.#content[key] ?? {}
    if (isMap(value)) return value
    throw this.wrong(key, 'It takes a mapping.')
  }

  list(key: string): readonly unknown[] {
    const value = this.#content[key] ?? []
    if (Array.isArray(value)) return value
    throw this.wrong(key, 'It takes a list.')
  }

  /** A text or a list of texts, as a list. */
  texts(key: string): readonly string[] {
    const value = this.#content[key] ?? []
    const list = typeof value === 'string' ? [value] : value
    if (Array.isArray(list) && list.every((entry) => typeof entry === 'string' && entry !== '')) return list
    throw this.wrong(key, 'It takes a text or a list of texts.')
  }

  /** `[1, 2, 3]` or `1..5`. */
  seeds(key: string): number[] {
    const value = this.#content[key]
    const range = typeof value === 'string' ? /^(\d+)\.\.(\d+)$/.exec(value) : null
    const seeds = range
      ? Array.from({ length: Math.max(0, Number(range[2]) - Number(range[1]) + 1) }, (_, i) => Number(range[1]) + i)
      : value
    const legal = Array.isArray(seeds) && seeds.length > 0 && seeds.every((seed) => Number.isInteger(seed) && seed >= 0)
    if (legal && new Set(seeds).size === seeds.length) return seeds
    throw this.wrong(key, 'It takes a list of different integers >= 0, or a range like 1..5.')
  }

  /** The error for a key whose value is not legal. */
  wrong(key: string, legal: string): RepriseError {
    const value = this.#content[key]
    const missing = value === undefined || value === null
    const problem = missing ? `${this.#place} has no '${key}'.` : `'${key}' of ${this.#place} is ${given(value)}.`
    return invalid(this.#path, problem, value, legal)
  }
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function invalid(path: string, problem: string, value: unknown, hint?: string): RepriseError {
  return new RepriseError('RPR_EXPERIMENT_INVALID', `'${path}': ${problem}`, { value, hint })
}

export function given(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
