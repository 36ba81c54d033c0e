import { add, greater, mul, sum, type Tensor } from '@tensorflow/tfjs-core'

/**
 * Fraction of active units: entries > 0 among the outputs of hidden layers, [N, width] each, over all entries. A scalar.
 * Meant for ReLU, whose other entries pass no gradient on. Source: Ma et al. 2024, "Revisiting Plasticity in Visual RL".
 */
export function activeFraction(outputs: readonly Tensor[]): Tensor {
  const entries = outputs.reduce((total, { size }) => total + size, 0)
  // The sum of a bool is an int32; the product with a fraction is a float32 again.
  const counts = outputs.map((output) => mul(sum(greater(output, 0)), 1 / entries))
  return counts.reduce((a, b) => add(a, b))
}
