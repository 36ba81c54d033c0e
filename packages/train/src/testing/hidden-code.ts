/** For tests: a task is a code of two actions out of three, drawn from its seed; success is to guess it. */
import { box, discrete, Pcg64 } from '@reprise/core'

export class HiddenCode {
  readonly observationSpace = box({ low: 0, high: 9, shape: [2] })
  readonly actionSpace = discrete(3)
  readonly spec = { id: 'HiddenCode-v0', maxEpisodeSteps: 2 }
  /** Whether the last step says how it went. */
  readonly reports: boolean = true
  #seed = 0
  #code: number[] = []
  #right = 0
  #t = 0

  reset({ seed }: { seed?: number } = {}) {
    this.#seed = seed ?? this.#seed
    this.#code = HiddenCode.codeOf(this.#seed)
    this.#right = this.#t = 0
    return { observation: [this.#t, this.#seed % 10] }
  }

  step(action: unknown) {
    if (action === this.#code[this.#t]) this.#right++
    const terminated = ++this.#t === 2
    const success = terminated && this.#right === 2 ? 1 : 0
    return {
      observation: [this.#t, this.#seed % 10],
      reward: success,
      terminated,
      truncated: false,
      ...(terminated && this.reports ? { outcome: success } : {}),
    }
  }

  static codeOf(seed: number): number[] {
    const rng = new Pcg64(seed)
    return [rng.integers(3), rng.integers(3)]
  }
}

/** The same without an outcome. */
export class SilentCode extends HiddenCode {
  override readonly reports = false
}
