/** For tests: fits y = a x + b by gradient descent, with everything that an executor must handle. */
import { valueAndGradient } from '@reprise/nn'
import { add, mean, mul, scalar, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core'
import type { LearnerProgram } from '../executor.ts'

type State = { readonly params: Tensor; readonly deep: { readonly steps: Tensor; readonly flag: Tensor } }

export function lineProgram(): LearnerProgram {
  return {
    state: {
      params: { dtype: 'float32', shape: [2], data: Float32Array.of(0.5, -0.5) },
      'deep/steps': { dtype: 'int32', shape: [], data: Int32Array.of(0) },
      'deep/flag': { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
    },
    inputs: {
      act: { observation: { dtype: 'float32', shape: [2] }, mask: { dtype: 'bool', shape: [3] } },
      decide: { observation: { dtype: 'float32', shape: [2] } },
      batch: { x: { dtype: 'float32', shape: [2] }, y: { dtype: 'float32', shape: [] } },
      noise: { jitter: { dtype: 'float32', shape: [] } },
      schedule: ['learningRate'],
    },
    act: (state, { observation }) => ({ action: product(observation!, (state as State).params) }),
    decide: (state, { observation }) => ({ action: product(observation!, (state as State).params) }),
    update(tree, { x, y }, { jitter }, { learningRate }) {
      const state = tree as State
      const { loss, gradient, aux } = valueAndGradient(state.params, (params) => {
        const error = sub(add(product(x!, params), jitter!), y!)
        return { loss: mean(square(error)), aux: { error } }
      })
      const steps = add(state.deep.steps, scalar(1, 'int32'))
      return {
        state: { params: sub(state.params, mul(gradient, learningRate!)), deep: { steps, flag: state.deep.flag } },
        metrics: { loss, steps, learningRate: learningRate! },
        rows: { error: aux.error },
      }
    },
  }
}

function product(x: Tensor, params: Tensor): Tensor {
  return sum(mul(x, params), 1)
}
