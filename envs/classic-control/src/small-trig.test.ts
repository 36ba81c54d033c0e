import fc from 'fast-check'
import { expect, it } from 'vitest'
import { writeSinCos } from './small-trig.ts'

it('equals Math.sin and Math.cos (the sign of zero apart), on both sides of the switch', () => {
  const out = new Float64Array(2)
  const equals = (x: number) => {
    writeSinCos(x, out, 0)
    return out[0] === Math.sin(x) && out[1] === Math.cos(x)
  }
  fc.assert(fc.property(fc.double({ min: -0.7, max: 0.7, noNaN: true }), equals), { numRuns: 5000 })
  for (let i = -35_000; i <= 35_000; i++) if (!equals(i / 50_000)) expect(i / 50_000).toBe('an equal angle')
  writeSinCos(Number.NaN, out, 0)
  expect([...out]).toEqual([Number.NaN, Number.NaN])
})
