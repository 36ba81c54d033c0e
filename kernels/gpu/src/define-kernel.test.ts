import { afterAll, describe, expect, it } from 'vitest'
import { closeGpu, defineKernel, type KernelThis, relativeError } from './index.ts'

afterAll(closeGpu)

const square = defineKernel<Float32Array, Float32Array>({
  name: 'square',
  reference: (x) => x.map((v) => v * v),
  gpu: async (runtime, x, ran) => {
    const source = function (this: KernelThis, a: Float32Array) {
      return a[this.thread.x] * a[this.thread.x]
    }
    const plan = runtime.kernel('square', [x.length], source, { output: x.length })
    const [out] = await plan.run(x)
    ran(plan.executed!)
    return out!
  },
  others: { twice: async (x) => x.map((v) => v * v) },
  cells: (x) => x.length,
  crossover: { webasm: 4, twice: 6 },
})

describe('defineKernel', () => {
  it('chooses by the table, says why, and records what ran', async () => {
    expect(square.choose(new Float32Array(3)).executor).toBe('reference')
    expect(square.choose(new Float32Array(4))).toEqual({ executor: 'webasm', reason: '4 cells: faster from 4' })
    expect(square.choose(new Float32Array(6)).executor).toBe('twice')
    expect(await square(Float32Array.of(1, 2, 3, 4))).toEqual(Float32Array.of(1, 4, 9, 16))
    expect(square.lastRun).toMatchObject({ executor: 'webasm', cells: 4, executed: { backend: 'webasm' } })
    await square(Float32Array.of(1), { executor: 'reference' })
    expect(square.lastRun).toEqual({ executor: 'reference', reason: 'asked for', cells: 1 })
  })

  it('takes another table, and gives the old one', () => {
    const old = square.setCrossover({})
    expect(square.choose(new Float32Array(100)).executor).toBe('reference')
    expect(square.setCrossover(old)).toEqual({})
    expect(() => square.setCrossover({ webasm: -1 })).toThrow(/crossover of 'webasm' is -1/)
    expect(() => square.setCrossover({ webgl: 1 })).toThrow(/names the executor 'webgl'/)
  })

  it('refuses an executor that it does not have', async () => {
    await expect(square(new Float32Array(1), { executor: 'webasn' })).rejects.toThrow(/Did you mean 'webasm'/)
  })
})

describe('relativeError', () => {
  it('is relative to the largest magnitude, and takes NaN and infinities as values', () => {
    expect(relativeError([1, 10.1], [1, 10])).toBeCloseTo(0.01)
    expect(relativeError([Number.NaN, Number.POSITIVE_INFINITY], [Number.NaN, Number.POSITIVE_INFINITY])).toBe(0)
    expect(relativeError([0], [Number.NaN])).toBe(Number.POSITIVE_INFINITY)
    expect(relativeError([1], [1, 2])).toBe(Number.POSITIVE_INFINITY)
  })
})
