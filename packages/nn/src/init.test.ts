import { Pcg64 } from '@reprise/core'
import { describe, expect, it } from 'vitest'
import { initMlp, mlpShapes, orthogonal, torchLinear } from './index.ts'

describe('orthogonal', () => {
  it.each([
    [3, 3],
    [4, 64],
    [64, 4],
    [64, 1],
  ])('has orthonormal rows or columns, whichever are fewer: %i x %i', (inputs, outputs) => {
    const w = orthogonal(new Pcg64(1), inputs, outputs, 2)
    const count = Math.min(inputs, outputs)
    const at = (k: number, i: number) => (inputs <= outputs ? w[k * outputs + i]! : w[i * outputs + k]!)
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let product = 0
        for (let i = 0; i < Math.max(inputs, outputs); i++) product += at(a, i) * at(b, i)
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5)
      }
    }
  })
  it('follows from the seed alone', () => {
    expect(orthogonal(new Pcg64(7), 5, 3, 1)).toEqual(orthogonal(new Pcg64(7), 5, 3, 1))
    expect(orthogonal(new Pcg64(7), 5, 3, 1)).not.toEqual(orthogonal(new Pcg64(8), 5, 3, 1))
  })
})

describe('torchLinear', () => {
  it('is uniform within 1 / sqrt(inputs)', () => {
    const w = torchLinear(new Pcg64(1), 16, 4000)
    expect(Math.max(...w)).toBeLessThanOrEqual(0.25)
    expect(Math.max(...w)).toBeGreaterThan(0.24)
    expect(Math.min(...w)).toBeGreaterThanOrEqual(-0.25)
    // Variance of a uniform distribution: width^2 / 12.
    const variance = w.reduce((sum, x) => sum + x * x, 0) / w.length
    expect(variance).toBeCloseTo(0.5 ** 2 / 12, 2)
  })
})

describe('initMlp', () => {
  it('fills exactly the shapes of the network, layer norm included', () => {
    const spec = { inputs: 3, hidden: [4, 5], outputs: 2, activation: 'tanh', layerNorm: true } as const
    const shapes = mlpShapes('net', spec)
    const arrays = initMlp('net', spec, { kind: 'orthogonal', outputGain: 0.01 }, new Pcg64(1))
    expect(Object.keys(arrays)).toEqual(Object.keys(shapes))
    for (const [name, shape] of Object.entries(shapes)) {
      expect(arrays[name]!.length).toBe(shape.reduce((a, b) => a * b, 1))
    }
    expect(Object.keys(shapes)).toContain('net/1/scale')
    expect(Math.max(...arrays['net/out/weight']!)).toBeLessThan(0.011)
  })
})
