import { elu, mul, relu, sigmoid, softplus, type Tensor, tanh } from '@tensorflow/tfjs-core'

export const ACTIVATIONS = ['tanh', 'relu', 'elu', 'silu', 'softplus', 'linear'] as const
export type ActivationName = (typeof ACTIVATIONS)[number]

/** Applies an activation by name; silu is x sigmoid(x). */
export function activate(name: ActivationName, x: Tensor): Tensor {
  switch (name) {
    case 'tanh':
      return tanh(x)
    case 'relu':
      return relu(x)
    case 'elu':
      return elu(x)
    case 'silu':
      return mul(x, sigmoid(x))
    case 'softplus':
      return softplus(x)
    case 'linear':
      return x
  }
}

/** The gain that keeps the variance of hidden layers, as `torch.nn.init.calculate_gain`; SB3 and CleanRL use sqrt 2. */
export const HIDDEN_GAIN = Math.SQRT2
