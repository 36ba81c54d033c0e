/**
 * int32 arithmetic that ONNX Runtime lacks or that would trap there (division by zero ends the process): in float64,
 * which holds every int32 and every quotient exactly enough, and stored as JavaScript stores a number in an Int32Array.
 */
import type { ModelBuilder } from '../builder.ts'
import { finiteOrZero, wrapToInt32 } from './context.ts'

const wide = (b: ModelBuilder, value: string): string => b.cast(value, 'float64')
const store = (b: ModelBuilder, value: string): string => wrapToInt32(b, finiteOrZero(b, value, 'float64'))

/** Truncates towards zero; x / 0 is 0. */
export function integerDivision(b: ModelBuilder, x: string, y: string): string {
  return store(b, b.op('Div', [wide(b, x), wide(b, y)]))
}

/** Floors; x / 0 is 0. */
export function integerFloorDivision(b: ModelBuilder, x: string, y: string): string {
  return store(b, b.op('Floor', [b.op('Div', [wide(b, x), wide(b, y)])]))
}

/** The divisor's sign; x mod 0 is 0. */
export function integerMod(b: ModelBuilder, x: string, y: string): string {
  return store(b, flooredMod(b, wide(b, x), wide(b, y)))
}

/** Truncates fractions, wraps modulo 2^32. Powers reach beyond int64, hence the remainder first. */
export function integerPow(b: ModelBuilder, x: string, y: string): string {
  const power = b.op('Pow', [wide(b, x), wide(b, y)])
  return store(b, b.op('Mod', [power, b.scalar('float64', 2 ** 32)], { fmod: { int: 1 } }))
}

/** On float64: the remainder of truncation, moved to the divisor's sign where the signs differ. */
export function flooredMod(b: ModelBuilder, x: string, y: string): string {
  const fmod = { fmod: { int: 1 } }
  const zero = b.scalar('float64', 0)
  const remainder = b.op('Mod', [x, y], fmod)
  const moved = b.op('Mod', [b.op('Add', [remainder, y]), y], fmod)
  const sameSign = b.op('Equal', [b.op('Less', [x, zero]), b.op('Less', [y, zero])])
  return b.op('Where', [sameSign, remainder, moved])
}
