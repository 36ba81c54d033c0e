import { Pcg64, SeedSequence } from '@reprise/core'

/**
 * Disjoint branches of a run's seed, one per consumer: drawing more from one never moves another. The evaluation
 * branches hang on `evalSeed`, which runs share, so that they are scored on the same episodes.
 */
const BRANCHES = {
  parameters: 0,
  actions: 1,
  minibatches: 2,
  environments: 3,
  evaluation: 4,
  heldOut: 5,
  replay: 6,
} as const

export type Branch = keyof typeof BRANCHES

export function generatorOf(seed: number, branch: Branch): Pcg64 {
  return new Pcg64(new SeedSequence(seed, { spawnKey: [BRANCHES[branch]] }))
}

/** `count` environment seeds (32-bit) of a branch. */
export function seedsOf(seed: number, branch: Branch, count: number): number[] {
  const rng = generatorOf(seed, branch)
  return Array.from({ length: count }, () => rng.integers(2 ** 31))
}
