/**
 * x^exponent for x >= 0, with 0^anything = 0: an item of priority 0 is never drawn, not even with exponent 0.
 * By exp and log, which agree on every supported Node; `Math.pow` with a fractional exponent does not.
 */
export function powerOf(x: number, exponent: number): number {
  if (x === 0) return 0
  if (exponent === 1) return x
  if (exponent === 0) return 1
  if (exponent === 0.5) return Math.sqrt(x)
  return Math.exp(exponent * Math.log(x))
}
