import {
  div,
  type GradConfig,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalNot,
  mul,
  neg,
  square,
  sub,
  type Tensor,
} from '@tensorflow/tfjs-core'
import { factor, reduceTo } from './reduce-to.ts'

/** Kernels of two operands that broadcast. */
export const arithmetic: readonly GradConfig[] = [
  binary('Add', (dy) => ({ a: () => dy, b: () => dy })),
  binary('Sub', (dy) => ({ a: () => dy, b: () => neg(dy) })),
  binary('Multiply', (dy, a, b) => ({ a: () => mul(dy, b), b: () => mul(dy, a) })),
  binary('RealDiv', (dy, a, b) => ({ a: () => div(dy, b), b: () => neg(div(mul(dy, a), square(b))) })),
  binary('SquaredDifference', (dy, a, b) => ({
    a: () => mul(dy, mul(sub(a, b), 2)),
    b: () => mul(dy, mul(sub(b, a), 2)),
  })),
  // Ties go to the first operand, as in TensorFlow.js.
  binary('Maximum', (dy, a, b) => ({
    a: () => mul(dy, factor(greaterEqual(a, b))),
    b: () => mul(dy, factor(less(a, b))),
  })),
  binary('Minimum', (dy, a, b) => ({
    a: () => mul(dy, factor(lessEqual(a, b))),
    b: () => mul(dy, factor(greater(a, b))),
  })),
  {
    kernelName: 'Select',
    inputsToSave: ['condition'],
    gradFunc: (dy, saved) => {
      const condition = saved[0]!
      return {
        condition: () => mul(factor(condition), 0),
        t: () => mul(dy as Tensor, factor(condition)),
        e: () => mul(dy as Tensor, factor(logicalNot(condition))),
      }
    },
  },
]

type Binary = (dy: Tensor, a: Tensor, b: Tensor) => { a: () => Tensor; b: () => Tensor }

function binary(kernelName: string, gradients: Binary): GradConfig {
  return {
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as [Tensor, Tensor]
      const by = gradients(dy as Tensor, a, b)
      return { a: () => reduceTo(by.a(), a.shape), b: () => reduceTo(by.b(), b.shape) }
    },
  }
}
