import { Pcg64 } from '@reprise/core'
import { expect, test } from 'vitest'
import { MaxTree } from './max-tree.ts'
import { SumTree } from './sum-tree.ts'

const sizes = [
  ...Array.from({ length: 70 }, (_, i) => i + 1),
  ...[7, 8, 9, 10, 12].flatMap((k) => [2 ** k - 1, 2 ** k, 2 ** k + 1]),
]

/** The leaf in whose share the target lies; past the end the last of positive weight. */
function naive(weights: Float64Array, target: number): number {
  let before = 0
  let last = -1
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue
    last = i
    before += weights[i]!
    if (target < before) return i
  }
  return last
}

test('100 000 random sets and searches agree with naive prefix search, for every size', () => {
  const rng = new Pcg64(1)
  const operations = Math.ceil(100_000 / sizes.length)
  for (const size of sizes) {
    const tree = new SumTree(size)
    const weights = new Float64Array(size)
    let total = 0
    const targets = new Float64Array(16)
    const out = new Int32Array(16)
    for (let k = 0; k < operations; k++) {
      // Whole numbers, many of them 0: sums are exact, and targets often lie on a boundary.
      const leaf = rng.integers(size)
      const weight = Math.max(0, rng.integers(12) - 4)
      total += weight - weights[leaf]!
      weights[leaf] = weight
      tree.set(leaf, weight)
      if (total === 0 || k % 4 !== 0) continue
      if (tree.total !== total) expect(tree.total).toBe(total)
      const target = rng.integers(2) === 0 ? rng.integers(total) : rng.random() * total
      if (tree.find(target) !== naive(weights, target)) expect([size, target, tree.find(target)]).toBe(0)
      if (k % 32 !== 0) continue
      for (let j = 0; j < 16; j++) targets[j] = rng.integers(2) === 0 ? rng.integers(total) : rng.random() * total
      for (const rising of [false, true]) {
        if (rising) targets.sort()
        tree.findAll(targets, 16, out, rising)
        for (let j = 0; j < 16; j++)
          if (out[j] !== naive(weights, targets[j]!)) expect([size, rising, targets[j], out[j]]).toBe(0)
      }
    }
  }
})

test('the total stays the sum to 1e-9 with weights of very different size, and the ends are never empty leaves', () => {
  const rng = new Pcg64(2)
  for (const size of [1, 5, 8, 64, 70, 513, 3000]) {
    const tree = new SumTree(size)
    const weights = new Float64Array(size)
    const targets = new Float64Array(4)
    const out = new Int32Array(4)
    for (let k = 0; k < 150; k++) {
      const leaf = rng.integers(size)
      weights[leaf] = rng.integers(3) === 0 ? 0 : Math.exp(rng.uniform(-30, 30))
      tree.set(leaf, weights[leaf]!)
      const sum = weights.reduce((a, b) => a + b, 0)
      if (sum === 0) continue
      expect(Math.abs(tree.total - sum)).toBeLessThanOrEqual(1e-9 * sum)
      const first = weights.findIndex((w) => w > 0)
      targets.set([0, tree.total * (1 - 2 ** -53), tree.total, 2 * tree.total])
      tree.findAll(targets, 4, out, k % 2 === 0)
      expect(out[0]).toBe(first)
      for (let j = 0; j < 4; j++) {
        expect(weights[out[j]!]).toBeGreaterThan(0)
        expect(weights[tree.find(targets[j]!)]).toBeGreaterThan(0)
      }
      expect(out[3]).toBe(weights.findLastIndex((w) => w > 0))
    }
  }
})

test('more changes than may wait, and all leaves at once, give the same tree', () => {
  const rng = new Pcg64(3)
  const weights = Float64Array.from({ length: 20_000 }, () => rng.random())
  const one = new SumTree(20_000)
  const other = new SumTree(20_000)
  for (let i = 0; i < weights.length; i++) one.set((i * 7919) % 20_000, weights[(i * 7919) % 20_000]!)
  other.fill(weights)
  expect(one.total).toBe(other.total)
  const targets = Float64Array.from({ length: 300 }, (_, k) => ((k + 0.5) / 300) * one.total)
  const a = new Int32Array(300)
  const b = new Int32Array(300)
  one.findAll(targets, 300, a, true)
  other.findAll(targets, 300, b)
  expect(a).toEqual(b)
})

test('the maximum follows every change', () => {
  const rng = new Pcg64(4)
  for (const size of [1, 8, 9, 100, 600]) {
    const tree = new MaxTree(size)
    const values = new Float64Array(size).fill(Number.NEGATIVE_INFINITY)
    for (let k = 0; k < 400; k++) {
      const leaf = rng.integers(size)
      values[leaf] = rng.integers(4) === 0 ? Number.NEGATIVE_INFINITY : rng.integers(20) - 10
      tree.set(leaf, values[leaf]!)
      if (tree.max !== Math.max(...values)) expect(tree.max).toBe(Math.max(...values))
    }
  }
})
