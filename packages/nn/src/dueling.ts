import { customGrad, matMul, type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core'

/**
 * Action values from a value and advantages (Wang et al. 2016): [N, 1 + actions] -> [N, actions], V + A - mean A.
 * A linear map, made as one product with a constant matrix.
 */
export function dueling(outputs: Tensor): Tensor {
  const actions = outputs.shape[1]! - 1
  return customGrad((x) => ({
    value: matMul(x as Tensor, matrix(actions, false)),
    gradFunc: (dy: Tensor) => matMul(dy, matrix(actions, true)),
  }))(outputs)
}

/** [1 + actions, actions]; transposed on the host, since the wasm backend is slow on transposed products. */
function matrix(actions: number, transposed: boolean): Tensor2D {
  const rows = 1 + actions
  const data = new Float32Array(rows * actions)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < actions; j++) {
      const value = i === 0 ? 1 : (i - 1 === j ? 1 : 0) - 1 / actions
      data[transposed ? j * rows + i : i * actions + j] = value
    }
  }
  return tensor2d(data, transposed ? [actions, rows] : [rows, actions])
}
