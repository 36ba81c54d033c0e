import { meanAndStd, type StdKind } from './statistics.ts'

export interface WhitenOptions {
  /** Default `sample`, as PyTorch's std. */
  readonly std?: StdKind
  /** Added to the standard deviation. Default 1e-8. */
  readonly epsilon?: number
}

/** (x - mean) / (std + epsilon): mean 0, deviation 1. PPO's advantage normalisation. */
export function whiten(
  values: ArrayLike<number>,
  { std: kind = 'sample', epsilon = 1e-8 }: WhitenOptions = {},
): Float32Array {
  const { mean, std } = meanAndStd(values, kind)
  // A loop: Float32Array.from with a function is far slower.
  const out = new Float32Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = (values[i]! - mean) / (std + epsilon)
  return out
}
