import { describe, expect, it } from 'vitest'
import type { UnaryOp } from '../graph.ts'
import { GraphBuilder } from '../graph-builder.ts'
import { buildGraph } from './testing/check.ts'

const COUNT = 1 << 16

/** Float32 values from bit patterns spread evenly over all finite numbers, in both signs. */
function everyMagnitude(): Float32Array {
  const bits = Uint32Array.from({ length: COUNT }, (_, i) => Math.floor(i / 2) * 65_269 + (i % 2) * 0x80000000)
  return new Float32Array(bits.buffer)
}

function between(low: number, high: number): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => low + ((high - low) * i) / COUNT)
}

/** Distance in units of the last place of the float32 nearest to the true value; denormals count in 2^-149. */
function ulps(actual: number, exact: number): number {
  const rounded = Math.fround(exact)
  if (Object.is(actual, rounded) || actual === rounded) return 0
  if (Number.isNaN(actual) !== Number.isNaN(rounded)) return Number.POSITIVE_INFINITY
  if (!Number.isFinite(actual) || !Number.isFinite(rounded)) {
    return Math.abs(exact) > 3.402823e38 && Math.abs(actual) > 3.402823e38 ? 1 : Number.POSITIVE_INFINITY
  }
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact) || 2 ** -149)))
  return Math.abs(actual - exact) / 2 ** (exponent - 23)
}

const exactSoftplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

describe('accuracy, in ulp', () => {
  const cases: [UnaryOp, (x: number) => number, number, [number, number]][] = [
    ['exp', Math.exp, 1, [-20, 20]],
    ['expm1', Math.expm1, 2, [-3, 20]],
    ['log', Math.log, 1, [0.01, 10]],
    ['log1p', Math.log1p, 1.2, [-0.99, 5]],
    ['tanh', Math.tanh, 6.2, [-10, 10]],
    ['sigmoid', (x) => 1 / (1 + Math.exp(-x)), 2.6, [-20, 20]],
    ['softplus', exactSoftplus, 2, [-20, 20]],
    ['sin', Math.sin, 0.51, [-100, 100]],
    ['cos', Math.cos, 0.51, [-100, 100]],
  ]
  it.each(cases)('%s', (fn, exact, limit, [low, high]) => {
    const b = new GraphBuilder()
    const program = buildGraph(b.build({ y: b.unary(fn, b.input('x', [COUNT])) }))
    const { f } = program.functions
    for (const values of [everyMagnitude(), between(low, high)]) {
      f!.inputs['x']!.set(values)
      f!.run()
      const y = f!.outputs['y']!
      let worst = 0
      let at = 0
      for (let i = 0; i < COUNT; i++) {
        // Where sigmoid underflows, the sum 1 + exp(-x) is already infinite.
        if (fn === 'sigmoid' && values[i]! < -88) continue
        const error = ulps(y[i]!, exact(values[i]!))
        if (error > worst) [worst, at] = [error, values[i]!]
      }
      expect(worst, `${fn}(${at})`).toBeLessThanOrEqual(limit)
    }
    program.dispose()
  })
})

describe('powers', () => {
  it('agree with exact double precision, special cases included', () => {
    const inf = Number.POSITIVE_INFINITY
    const bases = [0, -0, 1, -1, 0.5, 2, -2, 3, 0.9, 0.999, 1e-30, 1e30, -1e30, 1e-40, inf, -inf, Number.NaN, 1.0000001]
    const powers = [0, -0, 1, -1, 2, 3, -3, 0.5, -0.5, 1 / 3, 1000, 1e10, inf, -inf, Number.NaN, 100.5, 37]
    const x = Float32Array.from(bases.flatMap((base) => powers.map(() => base)))
    const y = Float32Array.from(bases.flatMap(() => powers))
    const b = new GraphBuilder()
    const { f } = buildGraph(
      b.build({ z: b.binary('pow', b.input('x', [x.length]), b.input('y', [x.length])) }),
    ).functions
    f!.inputs['x']!.set(x)
    f!.inputs['y']!.set(y)
    f!.run()
    f!.outputs['z']!.forEach((z, i) => {
      expect(ulps(z, x[i]! ** y[i]!), `${x[i]} ** ${y[i]} = ${z}`).toBeLessThanOrEqual(0.51)
    })
  })
})
