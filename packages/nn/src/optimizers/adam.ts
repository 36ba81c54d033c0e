/** Adam and AdamW on one flat parameter vector. */
import {
  add,
  div,
  expm1,
  mul,
  neg,
  scalar,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor1d,
} from '@tensorflow/tfjs-core'

export interface AdamOptions {
  /** Default 0.9. */
  readonly beta1?: number
  /** Default 0.999. */
  readonly beta2?: number
  /** Added outside the root. Default 1e-8 (PyTorch); PPO uses 1e-5. */
  readonly epsilon?: number
  /** AdamW: decoupled, params x (1 - learningRate x weightDecay) before the step. Default 0. */
  readonly weightDecay?: number
}

/** Both moments [P] and the number of steps taken, a float32 scalar. */
export type AdamState = { readonly m: Tensor; readonly v: Tensor; readonly step: Tensor }

/** Zeros as host arrays, with paths `<prefix>/m`, `<prefix>/v`, `<prefix>/step`. */
export function adamHostState(prefix: string, size: number) {
  return {
    [`${prefix}/m`]: { dtype: 'float32' as const, shape: [size], data: new Float32Array(size) },
    [`${prefix}/v`]: { dtype: 'float32' as const, shape: [size], data: new Float32Array(size) },
    [`${prefix}/step`]: { dtype: 'float32' as const, shape: [], data: new Float32Array(1) },
  }
}

/**
 * One step as in PyTorch: p -= lr / (1 - b1^t) x m / (sqrt(v / (1 - b2^t)) + eps). `learningRate`: a scalar tensor.
 * 1 - b^t is -expm1(t log b): exact in float32 also for small t.
 * Sources: Kingma and Ba 2015; Loshchilov and Hutter 2019; `torch.optim.Adam`, `torch.optim.AdamW`.
 */
export function adam(
  params: Tensor,
  gradient: Tensor,
  state: AdamState,
  learningRate: Tensor,
  options: AdamOptions = {},
): { params: Tensor; state: AdamState } {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options
  const step = add(state.step, 1)
  const m = add(mul(state.m, beta1), mul(gradient, 1 - beta1))
  const v = add(mul(state.v, beta2), mul(square(gradient), 1 - beta2))
  // Both bias corrections in one chain, negated: expm1 gives b^t - 1.
  const [minus1, minus2] = split(expm1(mul(step, tensor1d([Math.log(beta1), Math.log(beta2)]))), 2) as [Tensor, Tensor]
  const root2 = sqrt(neg(minus2))
  // lr / c1 x m / (sqrt(v) / root2 + eps) = (lr root2 / c1) x m / (sqrt(v) + eps root2)
  const rate = div(mul(learningRate, root2), minus1)
  const move = div(mul(m, rate), add(sqrt(v), mul(root2, epsilon)))
  const decayed = weightDecay === 0 ? params : mul(params, sub(scalar(1), mul(learningRate, weightDecay)))
  return { params: add(decayed, move), state: { m, v, step } }
}
