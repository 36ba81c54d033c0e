import {
  add,
  cos,
  div,
  type GradConfig,
  greaterEqual,
  lessEqual,
  logicalAnd,
  minimum,
  mul,
  neg,
  sigmoid,
  sign,
  sin,
  square,
  step,
  sub,
  type Tensor,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { factor } from './reduce-to.ts'

/** Elementwise kernels of one operand: by the input x or by the output y, whichever is cheaper. */
export const unary: readonly GradConfig[] = [
  byOutput('Exp', (dy, y) => mul(dy, y)),
  byOutput('Tanh', (dy, y) => sub(dy, mul(dy, square(y)))),
  byOutput('Sigmoid', (dy, y) => mul(dy, sub(y, square(y)))),
  byOutput('Sqrt', (dy, y) => div(dy, mul(y, 2))),
  byOutput('Rsqrt', (dy, y) => mul(dy, mul(mul(y, square(y)), -0.5))),
  byOutput('Relu', (dy, y) => mul(dy, step(y))),
  byOutput('Elu', (dy, y) => mul(dy, add(minimum(y, 0), 1))),
  byOutput('Expm1', (dy, y) => mul(dy, add(y, 1))),
  byOutput('Reciprocal', (dy, y) => neg(mul(dy, square(y)))),
  byInput('Neg', (dy) => neg(dy)),
  byInput('Log', (dy, x) => div(dy, x)),
  byInput('Log1p', (dy, x) => div(dy, add(x, 1))),
  byInput('Square', (dy, x) => mul(dy, mul(x, 2))),
  byInput('Abs', (dy, x) => mul(dy, sign(x))),
  byInput('Softplus', (dy, x) => mul(dy, sigmoid(x))),
  byInput('Sin', (dy, x) => mul(dy, cos(x))),
  byInput('Cos', (dy, x) => neg(mul(dy, sin(x)))),
  byInput('ClipByValue', (dy, x, attrs) => {
    const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number }
    return mul(dy, factor(logicalAnd(greaterEqual(x, clipValueMin), lessEqual(x, clipValueMax))))
  }),
  byInput('Sign', (dy) => zerosLike(dy)),
  byInput('Step', (dy) => zerosLike(dy)),
  byInput('Floor', (dy) => zerosLike(dy)),
  byInput('Round', (dy) => zerosLike(dy)),
  byInput('ZerosLike', (dy) => zerosLike(dy)),
  byInput('OnesLike', (dy) => zerosLike(dy)),
]

function byInput(kernelName: string, gradient: (dy: Tensor, x: Tensor, attrs: object) => Tensor): GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => ({ x: () => gradient(dy as Tensor, saved[0]!, attrs) }),
  }
}

function byOutput(kernelName: string, gradient: (dy: Tensor, y: Tensor) => Tensor): GradConfig {
  return {
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => gradient(dy as Tensor, saved[0]!) }),
  }
}
