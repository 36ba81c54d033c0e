import { customGrad, exp, log, max, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core'

/** log softmax over the last axis of [N, n], with the gradient dy - softmax x sum(dy). */
export function logSoftmax(logits: Tensor): Tensor {
  return apply(logits)
}

const apply = customGrad((logits, save) => {
  const shifted = sub(logits as Tensor, max(logits as Tensor, -1, true))
  const value = sub(shifted, log(sum(exp(shifted), -1, true)))
  ;(save as (tensors: Tensor[]) => void)([value])
  return {
    value,
    gradFunc: (dy: Tensor, saved: Tensor[]) => sub(dy, mul(exp(saved[0]!), sum(dy, -1, true))),
  }
})
