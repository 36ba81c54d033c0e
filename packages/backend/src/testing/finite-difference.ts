/** For tests: gradients against central differences. */
import { valueAndGradient } from '@reprise/nn'
import { mul, reshape, sum, type Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'

/**
 * Compares the gradient of sum(f(x) * fixed weights) at `point` with central differences. Float32 allows no more than
 * 1e-2 of the largest element at the step of 1e-2 that balances rounding and curvature.
 */
export function expectGradient(
  f: (x: Tensor) => Tensor,
  point: readonly number[],
  step = 1e-2,
  tolerance = 1e-2,
): void {
  tidy(() => {
    const objective = (x: Tensor) => {
      const y = f(x)
      const weights = Float32Array.from({ length: y.size }, (_, i) => 1 + 0.37 * i)
      return sum(mul(reshape(y, [-1]), tensor1d(weights)))
    }
    const value = (values: readonly number[]) => objective(tensor1d(values as number[])).dataSync()[0]!
    const { gradient } = valueAndGradient(tensor1d(point as number[]), (x) => ({ loss: objective(x), aux: {} }))
    const numeric = point.map((x, i) => (value(point.with(i, x + step)) - value(point.with(i, x - step))) / (2 * step))
    const scale = Math.max(...numeric.map(Math.abs), 1e-3)
    const analytic = Array.from(gradient.dataSync())
    numeric.forEach((want, i) => {
      expect(Math.abs(analytic[i]! - want) / scale, `element ${i}: ${analytic[i]} against ${want}`).toBeLessThan(
        tolerance,
      )
    })
  })
}
