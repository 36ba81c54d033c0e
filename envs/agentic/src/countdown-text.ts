/** Countdown's tokens, and the score of a text by TinyZero's or RAGEN's rule. */

export const PLUS = 10
export const MINUS = 11
export const TIMES = 12
export const OVER = 13
export const OPEN = 14
export const CLOSE = 15
export const NEWLINE = 16
export const ANSWER = 17
export const ANSWER_END = 18
export const END = 19
/** Text of each token; 0 to 9 are the digits. */
export const TOKENS = [...'0123456789+-*/()', '\n', '<answer>', '</answer>', '<end>']
export const MOST_NUMBERS = 4

/** How near a value must come to the target. */
const TOLERANCE = 1e-5

/** A text and its task as they lie in a state: `tokens` from `at` on, `numbers` from `numbersAt` on. */
export interface CountdownText {
  readonly state: Float64Array
  at: number
  count: number
  numbersAt: number
  numberCount: number
}

/** Reads answers. Holds the place it reads at, so that reading allocates next to nothing. */
export class AnswerReader {
  #state: Float64Array = new Float64Array(0)
  #at = 0
  #end = 0
  #valid = false

  /**
   * The score of a text for `target`: 1 for an answer that uses exactly the numbers given and comes to the target within
   * 1e-5. `tinyzero`: else 0.1 where there is an answer tag at all. `ragen`: else 0.1 where the numbers are right.
   * The answer is the last `<answer>...</answer>` of the last line. Python's `**` and `//` count as no expression.
   */
  score(text: CountdownText, target: number, rule: 'tinyzero' | 'ragen'): number {
    const { state, at, count } = text
    this.#state = state
    let line = at
    for (let i = at; i < at + count; i++) if (state[i] === NEWLINE) line = i + 1
    let begin = -1
    let end = -1
    for (let i = line; i < at + count; i++) {
      if (state[i] !== ANSWER) continue
      let j = i + 1
      while (j < at + count && state[j] !== ANSWER_END) j++
      if (j === at + count) break
      begin = i + 1
      end = j
      i = j
    }
    if (begin < 0) return 0
    const right = this.#usesNumbers(text, begin, end)
    this.#at = begin
    this.#end = end
    this.#valid = true
    const value = this.#sum()
    if (right && this.#valid && this.#at === end && Math.abs(value - target) < TOLERANCE) return 1
    return rule === 'tinyzero' || right ? 0.1 : 0
  }

  /** Whether the numbers between `begin` and `end` are those given, each once. */
  #usesNumbers({ state, numbersAt, numberCount }: CountdownText, begin: number, end: number): boolean {
    let used = 0
    for (let i = begin; i < end; i++) {
      if (state[i]! > 9) continue
      let value = 0
      while (i < end && state[i]! <= 9) value = value * 10 + state[i++]!
      let k = 0
      while (k < numberCount && (state[numbersAt + k] !== value || (used >> k) & 1)) k++
      if (k === numberCount) return false
      used |= 1 << k
    }
    return used === (1 << numberCount) - 1
  }

  #peek(): number {
    return this.#at < this.#end ? this.#state[this.#at]! : END
  }

  #sum(): number {
    let value = this.#product()
    for (let token = this.#peek(); token === PLUS || token === MINUS; token = this.#peek()) {
      this.#at++
      value += token === PLUS ? this.#product() : -this.#product()
    }
    return value
  }

  #product(): number {
    let value = this.#signed()
    for (let token = this.#peek(); token === TIMES || token === OVER; token = this.#peek()) {
      this.#at++
      const by = this.#signed()
      if (token === OVER && by === 0) this.#valid = false
      value = token === TIMES ? value * by : value / by
    }
    return value
  }

  #signed(): number {
    let sign = 1
    for (let token = this.#peek(); token === PLUS || token === MINUS; token = this.#peek()) {
      this.#at++
      if (token === MINUS) sign = -sign
    }
    const token = this.#peek()
    if (token === OPEN) {
      this.#at++
      const value = this.#sum()
      if (this.#peek() === CLOSE) this.#at++
      else this.#valid = false
      return sign * value
    }
    if (token > 9) {
      this.#valid = false
      return 0
    }
    let value = 0
    const start = this.#at
    while (this.#peek() <= 9) value = value * 10 + this.#state[this.#at++]!
    // Python refuses 07.
    if (token === 0 && this.#at > start + 1) this.#valid = false
    return sign * value
  }
}
