/**
 * Gradients of the kernels that learning uses. TensorFlow.js 4.22 ships its own only inside the umbrella package; these
 * are written for few kernels per backward pass, and never transpose inside a matrix product: the WebAssembly backend has
 * a fast path (XNNPACK) for plain products alone, 6 to 20 times faster than its transposing one.
 */
import { type GradConfig, getGradient, registerGradient } from '@tensorflow/tfjs-core'
import { arithmetic } from './arithmetic.ts'
import { matrix } from './matrix.ts'
import { reductions } from './reductions.ts'
import { shapes } from './shapes.ts'
import { unary } from './unary.ts'

let registered: GradConfig[] | undefined

/** Registers every gradient once; whatever another package registered under the same names stays out. */
export function registerGradients(): void {
  if (registered !== undefined && getGradient('BatchMatMul') === matrix[0]) return
  registered = [...arithmetic, ...matrix, ...reductions, ...shapes, ...unary]
  for (const config of registered) registerGradient(config)
}
