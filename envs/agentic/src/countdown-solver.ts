/** What can be made of some numbers, each used once. */

/** Values nearer to a whole number than this are taken for it. */
const WHOLE = 1e-9

/** All whole values from 1 to `most` that numbers can be made into. */
export class CountdownReach {
  /** [most + 1] 1 for values that can be reached. */
  readonly reached: Uint8Array
  /** How many of them. */
  count = 0
  readonly #most: number
  readonly #operations: number
  /** [depth, numbers] the numbers that are left after so many operations. */
  readonly #left: Float64Array
  readonly #width: number

  /** `operations`: 6 for + - * /, 3 for + and - (differences and quotients both ways). */
  constructor(numbers: number, most: number, operations: 6 | 3) {
    this.#most = most
    this.#operations = operations
    this.#width = numbers
    this.#left = new Float64Array(numbers * numbers)
    this.reached = new Uint8Array(most + 1)
  }

  /** Numbers from `at` on. */
  search(numbers: Float64Array, at: number, count: number): void {
    this.reached.fill(0)
    this.count = 0
    for (let i = 0; i < count; i++) this.#left[i] = numbers[at + i]!
    this.#combine(0, count)
  }

  #combine(depth: number, count: number): void {
    const left = this.#left
    const from = depth * this.#width
    if (count === 1) {
      const value = left[from]!
      const whole = Math.round(value)
      if (whole < 1 || whole > this.#most || Math.abs(value - whole) > WHOLE || this.reached[whole] === 1) return
      this.reached[whole] = 1
      this.count++
      return
    }
    const to = from + this.#width
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        let k = to + 1
        for (let m = 0; m < count; m++) if (m !== i && m !== j) left[k++] = left[from + m]!
        for (let operation = 0; operation < this.#operations; operation++) {
          const value = apply(operation, left[from + i]!, left[from + j]!)
          if (!Number.isFinite(value)) continue
          left[to] = value
          this.#combine(depth + 1, count - 1)
        }
      }
    }
  }
}

function apply(operation: number, a: number, b: number): number {
  if (operation === 0) return a + b
  if (operation === 1) return a - b
  if (operation === 2) return b - a
  if (operation === 3) return a * b
  return operation === 4 ? a / b : b / a
}

/** An expression that uses each number once and comes to `target`, or undefined. Brackets around every inner operation. */
export function solveCountdown(numbers: readonly number[], target: number, additive = false): string | undefined {
  const search = (terms: readonly { value: number; text: string }[]): string | undefined => {
    if (terms.length === 1) return Math.abs(terms[0]!.value - target) < WHOLE ? terms[0]!.text : undefined
    for (const [i, a] of terms.entries()) {
      for (const [j, b] of terms.entries()) {
        if (i === j) continue
        const others = terms.filter((_, k) => k !== i && k !== j)
        for (const sign of additive ? '+-' : '+-*/') {
          if (i > j && (sign === '+' || sign === '*')) continue
          const value = apply('+-_*/'.indexOf(sign), a.value, b.value)
          if (!Number.isFinite(value)) continue
          const inner = `${a.text}${sign}${b.text}`
          const found = search([{ value, text: others.length > 0 ? `(${inner})` : inner }, ...others])
          if (found !== undefined) return found
        }
      }
    }
    return undefined
  }
  return search(numbers.map((value) => ({ value, text: String(value) })))
}
