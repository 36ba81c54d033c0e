/**
 * NumPy's `Generator(PCG64(SeedSequence(seed)))`, bit for bit. 128-bit arithmetic on four 32-bit limbs in plain
 * numbers: the low half of a product comes from Math.imul, the high half from the rounded double product, which is
 * near enough to the multiple of 2^32 that is meant.
 */
import { RepriseError } from './errors.ts'
import { SeedSequence } from './seed-sequence.ts'

export { SeedSequence, type SeedSequenceOptions } from './seed-sequence.ts'

// The multiplier 0x2360ed051fc65da44385df649fccf645, lowest limb first.
const M0 = 0x9fccf645
const M1 = 0x4385df64
const M2 = 0x1fc65da4
const M3 = 0x2360ed05
const TWO_32 = 4294967296
const INVERSE = 1 / TWO_32

/** A generator's complete state as plain data. 128-bit numbers are four 32-bit words, lowest first. */
export type PcgState = {
  readonly state: readonly number[]
  readonly increment: readonly number[]
  /** The high half of a 64-bit draw that waits for the next 32-bit request, or null. */
  readonly half: number | null
  /** The second value of the last pair of normals, or null. */
  readonly spare: number | null
}

export class Pcg64 {
  /** State limbs 0-3, increment limbs 4-7, last output (low, high) 8-9, waiting half word 10. */
  readonly #words = new Uint32Array(11)
  #hasHalf = false
  #spare = Number.NaN

  /** @throws RepriseError RPR_OPTION_RANGE for a seed that is no non-negative safe integer */
  constructor(seed: number | SeedSequence) {
    const sequence = typeof seed === 'number' ? new SeedSequence(seed) : seed
    const s = sequence.generateState(8)
    const w = this.#words
    // Two 64-bit words of state and two of stream, the high one first; the increment is 2 x stream + 1.
    const stream = [s[6]!, s[7]!, s[4]!, s[5]!]
    for (let i = 0; i < 4; i++) w[4 + i] = (stream[i]! << 1) | (i === 0 ? 1 : stream[i - 1]! >>> 31)
    this.#step()
    const initial = [s[2]!, s[3]!, s[0]!, s[1]!]
    let carry = 0
    for (let i = 0; i < 4; i++) {
      const sum = w[i]! + initial[i]! + carry
      w[i] = sum
      carry = sum >= TWO_32 ? 1 : 0
    }
    this.#step()
  }

  /** state = state x multiplier + increment, then XSL-RR into words 8 and 9. */
  #step(): void {
    const w = this.#words
    const a0 = w[0]!
    const a1 = w[1]!
    const a2 = w[2]!
    const a3 = w[3]!
    const l00 = Math.imul(a0, M0) >>> 0
    const l01 = Math.imul(a0, M1) >>> 0
    const l10 = Math.imul(a1, M0) >>> 0
    const l02 = Math.imul(a0, M2) >>> 0
    const l11 = Math.imul(a1, M1) >>> 0
    const l20 = Math.imul(a2, M0) >>> 0
    const h00 = ((a0 * M0 - l00) * INVERSE + 0.5) >>> 0
    const h01 = ((a0 * M1 - l01) * INVERSE + 0.5) >>> 0
    const h10 = ((a1 * M0 - l10) * INVERSE + 0.5) >>> 0
    const h02 = ((a0 * M2 - l02) * INVERSE + 0.5) >>> 0
    const h11 = ((a1 * M1 - l11) * INVERSE + 0.5) >>> 0
    const h20 = ((a2 * M0 - l20) * INVERSE + 0.5) >>> 0
    const t0 = l00 + w[4]!
    const t1 = h00 + l01 + l10 + w[5]! + (t0 >= TWO_32 ? 1 : 0)
    const t2 = h01 + h10 + l02 + l11 + l20 + w[6]! + ((t1 * INVERSE) >>> 0)
    const top = Math.imul(a0, M3) + Math.imul(a1, M2) + Math.imul(a2, M1) + Math.imul(a3, M0)
    const s0 = t0 >>> 0
    const s1 = t1 >>> 0
    const s2 = t2 >>> 0
    const s3 = (top + h02 + h11 + h20 + w[7]! + ((t2 * INVERSE) >>> 0)) >>> 0
    w[0] = s0
    w[1] = s1
    w[2] = s2
    w[3] = s3
    const rotate = s3 >>> 26
    const low = s0 ^ s2
    const high = s1 ^ s3
    const x = rotate & 32 ? high : low
    const y = rotate & 32 ? low : high
    const r = rotate & 31
    // (<< 1) << (31 - r) is << (32 - r) that also holds for r = 0.
    w[8] = (x >>> r) | ((y << 1) << (31 - r))
    w[9] = (y >>> r) | ((x << 1) << (31 - r))
  }

  /** 32 bits: the low half of a 64-bit draw, then its high half. */
  #next32(): number {
    if (this.#hasHalf) {
      this.#hasHalf = false
      return this.#words[10]!
    }
    this.#step()
    this.#hasHalf = true
    this.#words[10] = this.#words[9]!
    return this.#words[8]!
  }

  /** A double in [0, 1), 53 bits. As NumPy's `random()`. */
  random(): number {
    this.#step()
    return (this.#words[9]! * 2097152 + (this.#words[8]! >>> 11)) * 1.1102230246251565e-16
  }

  /** A double in [low, high). As NumPy's `uniform(low, high)`. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random()
  }

  /**
   * An integer in [0, n), 1 <= n <= 2^32; n = 1 draws nothing. As NumPy's `integers(n)` and the index of `choice`.
   * @throws RepriseError RPR_OPTION_RANGE
   */
  integers(n: number): number {
    if (!(n >= 1 && n <= TWO_32) || n !== Math.floor(n)) {
      throw new RepriseError('RPR_OPTION_RANGE', `integers(${n}) is not legal.`, {
        value: n,
        hint: 'n is an integer from 1 to 2^32.',
      })
    }
    if (n === 1) return 0
    let word = this.#next32()
    if (n === TWO_32) return word
    let low = Math.imul(word, n) >>> 0
    if (low < n) {
      const threshold = (TWO_32 - n) % n
      while (low < threshold) {
        word = this.#next32()
        low = Math.imul(word, n) >>> 0
      }
    }
    return ((word * n - low) * INVERSE + 0.5) >>> 0
  }

  /** A standard normal by Marsaglia's polar method, which yields pairs. Not NumPy's ziggurat: other values. */
  normal(): number {
    const spare = this.#spare
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN
      return spare
    }
    let u: number
    let v: number
    let square: number
    do {
      u = 2 * this.random() - 1
      v = 2 * this.random() - 1
      square = u * u + v * v
    } while (square >= 1 || square === 0)
    const factor = Math.sqrt((-2 * Math.log(square)) / square)
    this.#spare = v * factor
    return u * factor
  }

  /** Fills with draws in [0, 1), as NumPy's `random(size, dtype)`: 53 bits for doubles, 24 (half a draw) for floats. */
  fillUniform(out: Float32Array | Float64Array): void {
    if (out instanceof Float64Array) for (let i = 0; i < out.length; i++) out[i] = this.random()
    else for (let i = 0; i < out.length; i++) out[i] = (this.#next32() >>> 8) * 5.9604644775390625e-8
  }

  /** Fills with standard normals: equal to as many calls of `normal`. */
  fillNormal(out: Float32Array | Float64Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.normal()
  }

  /** Fisher-Yates in place with `integers`, from the end. Not NumPy's `shuffle`, which draws differently. */
  shuffle(array: Int32Array): void {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integers(i + 1)
      const value = array[i]!
      array[i] = array[j]!
      array[j] = value
    }
  }

  /** Everything that later draws depend on. */
  state(): PcgState {
    const w = this.#words
    return {
      state: [...w.subarray(0, 4)],
      increment: [...w.subarray(4, 8)],
      half: this.#hasHalf ? w[10]! : null,
      spare: Number.isNaN(this.#spare) ? null : this.#spare,
    }
  }

  /** @throws RepriseError RPR_STATE_MISMATCH for what `state()` did not make */
  setState(state: PcgState): void {
    const limbs = (words: unknown) => Array.isArray(words) && words.length === 4 && words.every(Number.isInteger)
    if (!limbs(state?.state) || !limbs(state.increment))
      throw new RepriseError('RPR_STATE_MISMATCH', 'This is no saved state of a Pcg64 generator.', { value: state })
    this.#words.set(state.state, 0)
    this.#words.set(state.increment, 4)
    this.#words[10] = state.half ?? 0
    this.#hasHalf = state.half !== null
    this.#spare = state.spare ?? Number.NaN
  }

  /** Goes on from where `other` stands. */
  become(other: Pcg64): void {
    this.#words.set(other.#words)
    this.#hasHalf = other.#hasHalf
    this.#spare = other.#spare
  }

  /** A second generator that goes on from the same state. */
  clone(): Pcg64 {
    const copy = new Pcg64(0)
    copy.become(this)
    return copy
  }
}
