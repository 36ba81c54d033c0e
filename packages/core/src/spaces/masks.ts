import { RepriseError } from '../errors.ts'
import type { Pcg64 } from '../random.ts'

/** 1 for each value that may be drawn, or how likely each is (summing to 1). */
export type SampleMask = ArrayLike<number> | { readonly probability: ArrayLike<number> }

/** Draws an index as Gymnasium does: uniformly among the ones of a mask (0 where there are none), or by probability. */
export function sampleIndex(rng: Pcg64, n: number, mask: SampleMask): number {
  if (typeof mask === 'object' && mask !== null && 'probability' in mask) return byProbability(rng, n, mask.probability)
  checkLength(mask, n, 'mask')
  let legal = 0
  for (let i = 0; i < n; i++) {
    if (mask[i] !== 0 && mask[i] !== 1)
      throw new RepriseError('RPR_SPACE_VALUE', `A sample mask holds ${mask[i]} at ${i}.`, {
        value: mask[i],
        hint: 'Use 1 for values that may be drawn and 0 for others.',
      })
    legal += mask[i]!
  }
  if (legal === 0) return 0
  let left = rng.integers(legal)
  for (let i = 0; i < n; i++) if (mask[i] === 1 && left-- === 0) return i
  return 0
}

function byProbability(rng: Pcg64, n: number, probability: ArrayLike<number>): number {
  checkLength(probability, n, 'probability')
  let total = 0
  for (let i = 0; i < n; i++) {
    const p = probability[i]!
    if (!(p >= 0 && p <= 1)) throw badProbability(p)
    total += p
  }
  if (Math.abs(total - 1) > 1e-5) throw badProbability(total)
  const draw = rng.random() * total
  let sum = 0
  let last = 0
  for (let i = 0; i < n; i++) {
    if (probability[i] === 0) continue
    last = i
    sum += probability[i]!
    if (sum > draw) return i
  }
  return last
}

function checkLength(mask: ArrayLike<number>, n: number, what: string): void {
  if (mask.length === n) return
  throw new RepriseError('RPR_SPACE_VALUE', `A sample ${what} has ${mask.length} elements instead of ${n}.`, {
    value: mask.length,
    hint: 'It has one element per value of the space.',
  })
}

function badProbability(value: number): RepriseError {
  return new RepriseError('RPR_SPACE_VALUE', `Sample probabilities are not legal: ${value}.`, {
    value,
    hint: 'Each lies in [0, 1] and they sum to 1.',
  })
}
