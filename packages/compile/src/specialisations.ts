/** One compiled function per tuple of shapes and types, and a warning where there are suspiciously many. */
import type { TensorSpec } from './graph.ts'
import { describe } from './validate.ts'
import type { Warn } from './warn.ts'

/** More than this many are probably a shape that changes by accident. */
export const EXPECTED_SPECIALISATIONS = 8

export class Specialisations<T> {
  readonly #name: string
  readonly #warn: Warn
  readonly #made = new Map<string, T>()
  readonly #seen = new Map<string, Set<string>>()
  #warned = false

  constructor(name: string, warn: Warn) {
    this.#name = name
    this.#warn = warn
  }

  /** @param constants what else the function depends on: values that are no tensors */
  get(specs: Readonly<Record<string, TensorSpec>>, make: () => T, constants = ''): T {
    const { key, described } = keyOf(specs, constants)
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#made.set(key, made)
    for (const [path, text] of [...described, ...(constants === '' ? [] : [['a constant', constants] as const])]) {
      this.#seen.set(path, (this.#seen.get(path) ?? new Set()).add(text))
    }
    if (this.#made.size > EXPECTED_SPECIALISATIONS && !this.#warned) this.#complain()
    return made
  }

  find(specs: Readonly<Record<string, TensorSpec>>, constants = ''): T | undefined {
    return this.#made.get(keyOf(specs, constants).key)
  }

  #complain(): void {
    this.#warned = true
    const varying = [...this.#seen].filter(([, texts]) => texts.size > 1)
    const shown = varying.map(([path, texts]) => `'${path}' (${[...texts].slice(0, 3).join('; ')}; ...)`)
    this.#warn({
      code: 'RPR_COMPILE_SPECIALISATIONS',
      message:
        `'${this.#name}' was compiled for ${this.#made.size} tuples of shapes. What varies: ${shown.join(', ')}. ` +
        'Keep shapes fixed: pad rows and give them weight 0.',
    })
  }
}

function keyOf(specs: Readonly<Record<string, TensorSpec>>, constants: string) {
  const described = Object.entries(specs).map(([path, spec]) => [path, describe(spec)] as const)
  return { key: JSON.stringify([described, constants]), described }
}
