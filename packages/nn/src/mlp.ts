/** Multi-layer perceptrons as pure functions over named parameters. */
import type { Pcg64 } from '@reprise/core'
import { add, matMul, mean, mul, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core'
import { type ActivationName, activate, HIDDEN_GAIN } from './activation.ts'
import { orthogonal, torchLinear } from './init.ts'
import type { NamedTensors, Shapes } from './layout.ts'

export interface MlpSpec {
  readonly inputs: number
  /** Width of each hidden layer; empty for a linear map. */
  readonly hidden: readonly number[]
  /** 0: no last layer, the output is the last hidden layer. */
  readonly outputs: number
  readonly activation: ActivationName
  /** Normalises each hidden layer before its activation, with a learned scale and offset (Ba et al. 2016). */
  readonly layerNorm?: boolean
}

/** `orthogonal`: weights with gains per layer, biases 0. `torch`: PyTorch's Linear. */
export type MlpInit =
  | { readonly kind: 'orthogonal'; readonly hiddenGain?: number; readonly outputGain: number }
  | { readonly kind: 'torch' }

const LAYER_NORM_EPSILON = 1e-5

/** Names and shapes: `<prefix>/0/weight` [inputs, hidden0], `<prefix>/0/bias`, ..., `<prefix>/out/weight`. */
export function mlpShapes(prefix: string, spec: MlpSpec): Shapes {
  const shapes: Record<string, readonly number[]> = {}
  for (const { name, inputs, outputs, hidden } of mlpLayers(prefix, spec)) {
    shapes[`${name}/weight`] = [inputs, outputs]
    shapes[`${name}/bias`] = [outputs]
    if (hidden && spec.layerNorm) {
      shapes[`${name}/scale`] = [outputs]
      shapes[`${name}/offset`] = [outputs]
    }
  }
  return shapes
}

/** Initial values for `mlpShapes`, drawn layer by layer. */
export function initMlp(prefix: string, spec: MlpSpec, init: MlpInit, rng: Pcg64): Record<string, Float32Array> {
  const arrays: Record<string, Float32Array> = {}
  for (const { name, inputs, outputs, hidden } of mlpLayers(prefix, spec)) {
    if (init.kind === 'orthogonal') {
      const gain = hidden ? (init.hiddenGain ?? HIDDEN_GAIN) : init.outputGain
      arrays[`${name}/weight`] = orthogonal(rng, inputs, outputs, gain)
      arrays[`${name}/bias`] = new Float32Array(outputs)
    } else {
      arrays[`${name}/weight`] = torchLinear(rng, inputs, inputs * outputs)
      arrays[`${name}/bias`] = torchLinear(rng, inputs, outputs)
    }
    if (hidden && spec.layerNorm) {
      arrays[`${name}/scale`] = new Float32Array(outputs).fill(1)
      arrays[`${name}/offset`] = new Float32Array(outputs)
    }
  }
  return arrays
}

/** [N, inputs] -> [N, outputs]. */
export function applyMlp(params: NamedTensors, prefix: string, spec: MlpSpec, x: Tensor): Tensor {
  let out = x
  for (const { name, hidden } of mlpLayers(prefix, spec)) {
    out = linear(params, name, out)
    if (!hidden) continue
    if (spec.layerNorm) out = layerNorm(out, params[`${name}/scale`]!, params[`${name}/offset`]!)
    out = activate(spec.activation, out)
  }
  return out
}

/** x W + b with `<name>/weight` [inputs, outputs] and `<name>/bias` [outputs]. */
export function linear(params: NamedTensors, name: string, x: Tensor): Tensor {
  return add(matMul(x, params[`${name}/weight`]!), params[`${name}/bias`]!)
}

/** Each row to mean 0 and variance 1, then scale and offset [H]. */
export function layerNorm(x: Tensor, scale: Tensor, offset: Tensor): Tensor {
  const centred = sub(x, mean(x, -1, true))
  const inverseStd = rsqrt(add(mean(square(centred), -1, true), LAYER_NORM_EPSILON))
  return add(mul(mul(centred, inverseStd), scale), offset)
}

/** The layers of a perceptron, first to last, with the prefix of their parameters. */
export function mlpLayers(prefix: string, { inputs, hidden, outputs }: MlpSpec) {
  const widths = [inputs, ...hidden]
  const all = hidden.map((width, i) => ({
    name: `${prefix}/${i}`,
    inputs: widths[i]!,
    outputs: width,
    hidden: true,
  }))
  if (outputs > 0) {
    all.push({ name: `${prefix}/out`, inputs: widths[widths.length - 1]!, outputs, hidden: false })
  }
  return all
}
