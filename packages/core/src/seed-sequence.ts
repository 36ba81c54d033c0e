import { RepriseError } from './errors.ts'

const POOL_SIZE = 4
const INIT_A = 0x43b0d7e5
const MULT_A = 0x931e8875
const INIT_B = 0x8b51f9dd
const MULT_B = 0x58f38ded
const MIX_L = 0xca01f9dd
const MIX_R = 0x4973f715

export interface SeedSequenceOptions {
  /** The path of this sequence in the tree of spawned ones. */
  readonly spawnKey?: readonly number[]
  /** How many children were spawned before, so that a restored sequence goes on with fresh ones. */
  readonly spawned?: number
}

/**
 * NumPy's SeedSequence, bit for bit: turns any integers into well-mixed seeds and into independent children.
 * @throws RepriseError RPR_OPTION_RANGE for entropy that is no non-negative safe integer
 */
export class SeedSequence {
  readonly entropy: number | readonly number[]
  readonly spawnKey: readonly number[]
  #spawned: number
  readonly #pool = new Uint32Array(POOL_SIZE)

  constructor(entropy: number | readonly number[], options: SeedSequenceOptions = {}) {
    this.entropy = typeof entropy === 'number' ? entropy : [...entropy]
    this.spawnKey = [...(options.spawnKey ?? [])]
    this.#spawned = options.spawned ?? 0
    mixEntropy(this.#pool, assemble(entropy, this.spawnKey))
  }

  /** A sequence from the operating system's randomness; its `entropy` reproduces it. */
  static fromSystem(): SeedSequence {
    return new SeedSequence([...crypto.getRandomValues(new Uint32Array(POOL_SIZE))])
  }

  /** Children spawned so far. */
  get spawned(): number {
    return this.#spawned
  }

  /** `words` 32-bit words. The same on every call. */
  generateState(words: number): Uint32Array {
    const out = new Uint32Array(words)
    let hash = INIT_B
    for (let i = 0; i < words; i++) {
      let value = this.#pool[i % POOL_SIZE]! ^ hash
      hash = Math.imul(hash, MULT_B)
      value = Math.imul(value, hash)
      out[i] = value ^ (value >>> 16)
    }
    return out
  }

  /** `n` children, independent of each other, of this one and of all spawned before. */
  spawn(n: number): SeedSequence[] {
    const children = Array.from(
      { length: n },
      (_, i) => new SeedSequence(this.entropy, { spawnKey: [...this.spawnKey, this.#spawned + i] }),
    )
    this.#spawned += n
    return children
  }
}

/** An integer as 32-bit words, low first; zero is one word. */
function pushWords(words: number[], value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RepriseError('RPR_OPTION_RANGE', `A seed of ${value} is not legal.`, {
      value,
      hint: 'Seeds are integers from 0 to 2^53 - 1.',
    })
  }
  words.push(value >>> 0)
  if (value > 0xffffffff) words.push(Math.floor(value / 2 ** 32))
}

function assemble(entropy: number | readonly number[], spawnKey: readonly number[]): number[] {
  const words: number[] = []
  for (const value of typeof entropy === 'number' ? [entropy] : entropy) pushWords(words, value)
  // Padding keeps (entropy, key) apart from a longer entropy without a key.
  if (spawnKey.length > 0) while (words.length < POOL_SIZE) words.push(0)
  for (const value of spawnKey) pushWords(words, value)
  return words
}

function mixEntropy(pool: Uint32Array, entropy: readonly number[]): void {
  let hash = INIT_A
  const hashmix = (word: number): number => {
    let value = word ^ hash
    hash = Math.imul(hash, MULT_A)
    value = Math.imul(value, hash)
    return value ^ (value >>> 16)
  }
  const mix = (x: number, y: number): number => {
    const value = (Math.imul(MIX_L, x) - Math.imul(MIX_R, y)) | 0
    return value ^ (value >>> 16)
  }
  for (let i = 0; i < POOL_SIZE; i++) pool[i] = hashmix(entropy[i] ?? 0)
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) if (from !== to) pool[to] = mix(pool[to]!, hashmix(pool[from]!))
  }
  for (let from = POOL_SIZE; from < entropy.length; from++) {
    for (let to = 0; to < POOL_SIZE; to++) pool[to] = mix(pool[to]!, hashmix(entropy[from]!))
  }
}
