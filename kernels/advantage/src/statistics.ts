/** `population` divides by n, `sample` by n - 1 (PyTorch's default). */
export const STD_KINDS = ['population', 'sample'] as const
export type StdKind = (typeof STD_KINDS)[number]

/** Mean and standard deviation of `count` numbers from `values[from]`; one number has a deviation of 0. */
export function meanAndStd(
  values: ArrayLike<number>,
  kind: StdKind,
  from = 0,
  count = values.length,
): { mean: number; std: number } {
  let sum = 0
  for (let i = from; i < from + count; i++) sum += values[i]!
  const mean = count === 0 ? 0 : sum / count
  let squares = 0
  for (let i = from; i < from + count; i++) squares += (values[i]! - mean) ** 2
  const divisor = kind === 'sample' ? count - 1 : count
  return { mean, std: divisor <= 0 ? 0 : Math.sqrt(squares / divisor) }
}
