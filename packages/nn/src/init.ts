/** Initial weights, drawn on the host from a seeded generator. All are row-major [inputs, outputs]. */
import type { Pcg64 } from '@reprise/core'

/**
 * A (semi-)orthogonal matrix times `gain`: the shorter of rows and columns are orthonormal. The Q of a normal matrix
 * by modified Gram-Schmidt with a second pass, in float64 (Saxe et al. 2014; `torch.nn.init.orthogonal_`).
 */
export function orthogonal(rng: Pcg64, inputs: number, outputs: number, gain: number): Float32Array {
  const count = Math.min(inputs, outputs)
  const length = Math.max(inputs, outputs)
  const vectors: Float64Array[] = []
  while (vectors.length < count) {
    const vector = new Float64Array(length)
    rng.fillNormal(vector)
    for (let pass = 0; pass < 2; pass++) for (const earlier of vectors) subtractProjection(vector, earlier)
    const norm = Math.sqrt(dot(vector, vector))
    if (norm < 1e-8) continue
    for (let i = 0; i < length; i++) vector[i]! /= norm
    vectors.push(vector)
  }
  const out = new Float32Array(inputs * outputs)
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < outputs; j++)
      out[i * outputs + j] = gain * (inputs <= outputs ? vectors[i]![j]! : vectors[j]![i]!)
  }
  return out
}

/** PyTorch's `nn.Linear`: weight and bias uniform in +-1/sqrt(inputs). */
export function torchLinear(rng: Pcg64, inputs: number, length: number): Float32Array {
  const bound = 1 / Math.sqrt(inputs)
  return Float32Array.from({ length }, () => rng.uniform(-bound, bound))
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const length = dot(vector, unit)
  for (let i = 0; i < vector.length; i++) vector[i]! -= length * unit[i]!
}
