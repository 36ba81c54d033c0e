import type { LeafSpec } from '../columns.ts'
import { RepriseError } from '../errors.ts'
import type { Space, SpaceJson } from '../space.ts'
import { invalid, SpaceBase } from './base.ts'

/** Strings over a set of characters. It has no fixed size and so no columns. */
export interface TextSpace extends Space<string> {
  readonly kind: 'Text'
  readonly minLength: number
  readonly maxLength: number
  /** Every character once, sorted. */
  readonly charset: string
}

export interface TextOptions {
  maxLength: number
  /** Default 1. */
  minLength?: number
  /** Default letters and digits. Lengths count code points. */
  charset?: string
}

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * Text, as Gymnasium's; sampled with a uniform length and uniform characters.
 * @throws RepriseError RPR_SPACE_INVALID
 */
export function text(options: TextOptions): TextSpace {
  return new Text(options)
}

class Text extends SpaceBase<string> implements TextSpace {
  readonly kind = 'Text'
  readonly minLength: number
  readonly maxLength: number
  readonly charset: string
  readonly #characters: readonly string[]

  constructor({ maxLength, minLength = 1, charset = ALPHANUMERIC }: TextOptions) {
    super()
    const whole = Number.isSafeInteger(minLength) && Number.isSafeInteger(maxLength)
    if (!whole || minLength < 0 || maxLength < minLength)
      throw invalid(
        `text({ minLength: ${minLength}, maxLength: ${maxLength} }) is not legal.`,
        [minLength, maxLength],
        'Lengths are integers with 0 <= minLength <= maxLength.',
      )
    if (charset === '' && maxLength > 0)
      throw invalid("text({ charset: '' }) is not legal.", charset, 'Give one or more characters.')
    this.minLength = minLength
    this.maxLength = maxLength
    this.#characters = [...new Set(charset)].sort()
    this.charset = this.#characters.join('')
  }

  get leaves(): readonly LeafSpec[] {
    throw new RepriseError('RPR_SPACE_UNSUPPORTED', `${this} has no fixed size.`, {
      value: this,
      hint: 'Encode the text as numbers in the environment and observe a box(...).',
    })
  }

  sample(): string {
    const length = this.minLength + this.rng.integers(this.maxLength - this.minLength + 1)
    return Array.from({ length }, () => this.#characters[this.rng.integers(this.#characters.length)]).join('')
  }

  contains(value: unknown): value is string {
    if (typeof value !== 'string') return false
    const characters = [...value]
    if (characters.length < this.minLength || characters.length > this.maxLength) return false
    return characters.every((character) => this.#characters.includes(character))
  }

  write(): void {
    void this.leaves
  }

  read(): string {
    void this.leaves
    return ''
  }

  toString(): string {
    return `Text(${this.minLength}, ${this.maxLength})`
  }

  toJSON(): SpaceJson {
    return { kind: this.kind, minLength: this.minLength, maxLength: this.maxLength, charset: this.charset }
  }
}
