import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cosSmall, sinSmall } from './small-trig.ts'

it('equals Math.sin and Math.cos (the sign of zero apart), on both sides of the switch', () => {
  const angle = fc.double({ min: -0.7, max: 0.7, noNaN: true })
  fc.assert(
    fc.property(angle, (x) => sinSmall(x) === Math.sin(x) && cosSmall(x) === Math.cos(x)),
    { numRuns: 20_000 },
  )
  for (let i = -7000; i <= 7000; i++) {
    expect(sinSmall(i / 10_000) === Math.sin(i / 10_000)).toBe(true)
    expect(cosSmall(i / 10_000) === Math.cos(i / 10_000)).toBe(true)
  }
})
