import { add, mul, sub, type Tensor } from '@tensorflow/tfjs-core'

/** target + tau (source - target): Polyak averaging. `tau`: a number or a scalar tensor. */
export function ema(target: Tensor, source: Tensor, tau: Tensor | number): Tensor {
  return add(target, mul(sub(source, target), tau))
}
