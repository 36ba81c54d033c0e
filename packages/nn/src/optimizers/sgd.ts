import { add, mul, sub, type Tensor } from '@tensorflow/tfjs-core'

export type SgdState = { readonly velocity: Tensor; readonly step: Tensor }

/** Zeros as host arrays, with paths `<prefix>/velocity`, `<prefix>/step`. */
export function sgdHostState(prefix: string, size: number) {
  return {
    [`${prefix}/velocity`]: { dtype: 'float32' as const, shape: [size], data: new Float32Array(size) },
    [`${prefix}/step`]: { dtype: 'float32' as const, shape: [], data: new Float32Array(1) },
  }
}

/** Momentum as in `torch.optim.SGD`: velocity = momentum x velocity + gradient; p -= lr x velocity. */
export function sgd(
  params: Tensor,
  gradient: Tensor,
  state: SgdState,
  learningRate: Tensor,
  { momentum = 0 }: { readonly momentum?: number } = {},
): { params: Tensor; state: SgdState } {
  const velocity = momentum === 0 ? gradient : add(mul(state.velocity, momentum), gradient)
  return { params: sub(params, mul(velocity, learningRate)), state: { velocity, step: add(state.step, 1) } }
}
