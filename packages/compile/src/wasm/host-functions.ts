/**
 * Functions that a module imports, one element at a time: the ones too rare to be worth SIMD. V8 computes them with its
 * own port of fdlibm, so that Node 20, 22 and 24 agree (`Math.pow` does not: see scalar-pow.ts).
 */
import type { FunctionRef, ModuleBuilder, Signature } from './encoder.ts'

const UNARY: Signature = { params: ['f64'], results: ['f64'] }
const BINARY: Signature = { params: ['f64', 'f64'], results: ['f64'] }

type Host = { readonly signature: Signature; readonly fn: (...args: number[]) => number }

const unary = (fn: (x: number) => number): Host => ({ signature: UNARY, fn: fn as Host['fn'] })

export const HOST_FUNCTIONS = {
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  sinh: unary(Math.sinh),
  cosh: unary(Math.cosh),
  asinh: unary(Math.asinh),
  acosh: unary(Math.acosh),
  atanh: unary(Math.atanh),
  atan2: { signature: BINARY, fn: Math.atan2 as Host['fn'] },
  /** The remainder has the divisor's sign, as in TensorFlow.js. */
  mod: { signature: BINARY, fn: flooredMod as Host['fn'] },
  /** Integer operands: exact below 2^53. */
  powInt: { signature: BINARY, fn: ((a: number, b: number) => a ** b) as Host['fn'] },
  /** A number as int32 stores it: the call itself wraps modulo 2^32. */
  toInt32: { signature: { params: ['f64'], results: ['i32'] }, fn: ((x: number) => x) as Host['fn'] },
} as const

export type HostFunctionName = keyof typeof HOST_FUNCTIONS

export function hostFunction(module: ModuleBuilder, name: HostFunctionName): FunctionRef {
  return module.import('host', name, HOST_FUNCTIONS[name].signature)
}

/** What `WebAssembly.Instance` takes beside the memory. */
export const hostImports: Record<string, Host['fn']> = Object.fromEntries(
  Object.entries(HOST_FUNCTIONS).map(([name, host]) => [name, host.fn]),
)

function flooredMod(a: number, b: number): number {
  const remainder = a % b
  return (a < 0 && b < 0) || (a >= 0 && b >= 0) ? remainder : (remainder + b) % b
}
