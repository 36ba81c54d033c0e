import { engine, keep, type Scalar, type Tensor, valueAndGrads } from '@tensorflow/tfjs-core'
import { registerGradients } from './gradients/index.ts'

/**
 * The value of a scalar loss and its gradient by `params`, with further tensors that the loss function computed on
 * its way (`aux`): TensorFlow.js by itself disposes of those. Everything belongs to the surrounding `tidy`.
 */
export function valueAndGradient<A extends Readonly<Record<string, Tensor>>>(
  params: Tensor,
  loss: (params: Tensor) => { loss: Tensor; aux: A },
): { loss: Tensor; gradient: Tensor; aux: A } {
  registerGradients()
  let aux: A | undefined
  const { value, grads } = valueAndGrads((vector: Tensor) => {
    const result = loss(vector)
    aux = result.aux
    for (const tensor of Object.values(result.aux)) keep(tensor)
    return result.loss as Scalar
  })([params])
  const scope = engine().state.activeScope
  for (const tensor of new Set(Object.values(aux!))) {
    tensor.kept = false
    scope?.track.push(tensor)
  }
  return { loss: value, gradient: grads[0]!, aux: aux! }
}
