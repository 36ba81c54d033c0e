/**
 * xoshiro128** (Blackman and Vigna, public domain): the generator that tasks are made with. Reseeding it costs a few
 * instructions and no memory, which a fresh Pcg64 per episode would.
 */
export class TaskRandom {
  readonly #s = new Uint32Array(4)

  /** Seeds from the integer in [0, 2^53) at `source[at]` and a stream number. */
  seedFrom(source: Float64Array, at: number, stream: number): void {
    const value = source[at]!
    this.seed(value | 0, Math.floor(value / 4294967296) | 0, stream)
  }

  /** Seeds from three 32-bit words. */
  seed(low: number, high: number, stream: number): void {
    const s = this.#s
    s[0] = low
    s[1] = high
    s[2] = stream
    s[3] = 0x9e3779b9
    // Mixed well before the first draw: neighbouring seeds would start alike.
    for (let i = 0; i < 4; i++) {
      let h = (s[i]! ^ Math.imul(s[(i + 3) & 3]! + i, 0x9e3779b1)) | 0
      h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
      h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
      s[i] = h ^ (h >>> 15)
    }
    if ((s[0]! | s[1]! | s[2]! | s[3]!) === 0) s[0] = 1
    for (let i = 0; i < 8; i++) this.below(2)
  }

  /** An integer in [0, n), 1 <= n <= 2^20; the bias is below n / 2^32. */
  below(n: number): number {
    const s = this.#s
    const five = Math.imul(s[1]!, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0
    const t = s[1]! << 9
    s[2] = s[2]! ^ s[0]!
    s[3] = s[3]! ^ s[1]!
    s[1] = s[1]! ^ s[2]!
    s[0] = s[0]! ^ s[3]!
    s[2] = s[2]! ^ t
    s[3] = (s[3]! << 11) | (s[3]! >>> 21)
    return ((result * n) / 4294967296) | 0
  }

  /** Whether an event of probability `numerator` / 2^20 happens. */
  chance(numerator: number): boolean {
    return this.below(1048576) < numerator
  }

  /** Fisher-Yates over the first `length` elements from `start` on. */
  shuffle(array: Int32Array | Float64Array, start: number, length: number): void {
    for (let i = length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const value = array[start + i]!
      array[start + i] = array[start + j]!
      array[start + j] = value
    }
  }
}
