import {
  ANSWER,
  ANSWER_END,
  CLOSE,
  type CountdownText,
  END,
  MINUS,
  OPEN,
  OVER,
  PLUS,
  TOKENS,
} from './countdown-text.ts'

/**
 * Which tokens keep a text on the way to `<answer>expression</answer><end>`, the expression one of whole operations that uses
 * every number once, with at most numbers - 2 pairs of brackets (enough for any order of operations). Texts that have
 * left the way already may go on with anything.
 */
export class CountdownGrammar {
  readonly #lastOperator: number

  constructor(additive: boolean) {
    this.#lastOperator = additive ? MINUS : OVER
  }

  /** Writes the flags of the tokens that may follow to `mask` from `to` on. */
  write(text: CountdownText, mask: Uint8Array, to: number): void {
    const { state, at, count, numbersAt, numberCount } = text
    const all = (1 << numberCount) - 1
    mask.fill(0, to, to + TOKENS.length)
    if (count === 0) {
      mask[to + ANSWER] = 1
      return
    }
    let legal = state[at] === ANSWER
    let used = 0
    let depth = 0
    let opened = 0
    // The digits of the number being written; -1 where none is.
    let partial = -1
    let digits = 0
    // Whether the last token ended an operand.
    let closed = false
    let finished = false
    for (let i = at + 1; i < at + count && legal; i++) {
      const token = state[i]!
      if (finished) legal = false
      else if (token <= 9) {
        legal = !closed
        partial = partial < 0 ? token : partial * 10 + token
        digits++
      } else {
        if (partial >= 0) {
          const k = this.#find(state, numbersAt, numberCount, used, partial)
          if (k < 0) legal = false
          else used |= 1 << k
          closed = true
          partial = -1
          digits = 0
        }
        if (token === OPEN) {
          legal = legal && !closed
          depth++
          opened++
        } else if (token === CLOSE) {
          legal = legal && closed && depth > 0
          depth--
        } else if (token === ANSWER_END) {
          legal = legal && closed && depth === 0
          finished = true
        } else {
          legal = legal && closed && token >= PLUS && token <= this.#lastOperator
          closed = false
        }
      }
    }
    if (!legal) {
      mask.fill(1, to, to + TOKENS.length)
      return
    }
    if (finished) {
      mask[to + END] = 1
      return
    }
    for (let k = 0; k < numberCount; k++) {
      if (closed || (used >> k) & 1) continue
      const next = nextDigit(state[numbersAt + k]!, partial, digits)
      if (next >= 0) mask[to + next] = 1
    }
    if (partial >= 0) {
      const k = this.#find(state, numbersAt, numberCount, used, partial)
      if (k >= 0) {
        used |= 1 << k
        closed = true
      }
    }
    if (closed) {
      if (used !== all) for (let token = PLUS; token <= this.#lastOperator; token++) mask[to + token] = 1
      if (depth > 0) mask[to + CLOSE] = 1
      else if (used === all) mask[to + ANSWER_END] = 1
    } else if (partial < 0 && opened < numberCount - 2) {
      // A bracket needs two numbers to be of use.
      let left = 0
      for (let k = 0; k < numberCount; k++) left += 1 - ((used >> k) & 1)
      if (left >= 2) mask[to + OPEN] = 1
    }
  }

  /** The first number of this value that is not used, or -1. */
  #find(state: Float64Array, numbersAt: number, numberCount: number, used: number, value: number): number {
    for (let k = 0; k < numberCount; k++) if (state[numbersAt + k] === value && ((used >> k) & 1) === 0) return k
    return -1
  }
}

/** The digit of `number` (1 to 999) that follows `digits` digits which read `prefix`, or -1. */
function nextDigit(number: number, prefix: number, digits: number): number {
  const length = number < 10 ? 1 : number < 100 ? 2 : 3
  if (digits >= length) return -1
  const scale = length - digits === 1 ? 1 : length - digits === 2 ? 10 : 100
  const head = Math.floor(number / scale)
  if (digits > 0 && Math.floor(head / 10) !== prefix) return -1
  return head % 10
}
