/**
 * Perceptrons with noise in their weights (Fortunato et al. 2018): exploration that the network itself learns to use.
 * A noisy layer is y = x (W + S f_in f_out) + b + s f_out with learned S, s and factorised noise f(e) = sign(e) sqrt|e|.
 * Every layer but the first is noisy; without hidden layers the only one is.
 */
import type { Pcg64 } from '@reprise/core'
import {
  abs,
  add,
  concat1d,
  matMul,
  mul,
  reshape,
  sign,
  split,
  sqrt,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  zeros,
} from '@tensorflow/tfjs-core'
import { activate } from './activation.ts'
import { type Layout, layoutOf, packHost, unpackParams } from './layout.ts'
import { initMlp, layerNorm, linear, type MlpSpec, mlpLayers, mlpShapes } from './mlp.ts'

export interface NoisyNetwork {
  /** The parameters of the perceptron, as in `network`, then `<name>Sigma` of its noisy layers. */
  readonly layout: Layout
  /** Normal numbers of one draw of the noise: inputs and outputs of every noisy layer. */
  readonly noiseSize: number
  /** Means as PyTorch's Linear; deviations sigma / sqrt(inputs). */
  init(rng: Pcg64): Float32Array
  /** [P] -> the perceptron's own parameters without noise. */
  mean(params: Tensor): Tensor
  /** [P], normals [noiseSize] -> the perceptron's parameters under one draw of the noise. Differentiable. */
  perturbed(params: Tensor, noise: Tensor): Tensor
  /** [P], [N, inputs], normals [N, noiseSize] -> [N, outputs]: each row under noise of its own. Not for gradients. */
  applyPerRow(params: Tensor, rows: Tensor, noise: Tensor): Tensor
}

/** `sigma`: the initial deviation, 0.5 in the paper. */
export function noisyNetwork(prefix: string, spec: MlpSpec, sigma: number): NoisyNetwork {
  const shapes = mlpShapes(prefix, spec)
  const plain = layoutOf(shapes)
  const layers = mlpLayers(prefix, spec)
  const noisy = layers.length === 1 ? layers : layers.slice(1)
  const noisyShapes = Object.entries(shapes).filter(([name]) =>
    noisy.some((layer) => name.startsWith(`${layer.name}/`)),
  )
  const sigmas = layoutOf(Object.fromEntries(noisyShapes))
  const layout = layoutOf({
    ...shapes,
    ...Object.fromEntries(noisyShapes.map(([name, shape]) => [`${name}Sigma`, shape])),
  })
  const fixed = plain.size - sigmas.size
  const widths = noisy.flatMap(({ inputs, outputs }) => [inputs, outputs])
  const noiseSize = widths.reduce((a, b) => a + b, 0)

  /** Factors of each noisy layer, [rows, inputs] and [rows, outputs]. */
  function factors(noise: Tensor): Map<string, [Tensor, Tensor]> {
    const scaled = mul(sign(noise), sqrt(abs(noise)))
    const parts = split(scaled as Tensor2D, widths, 1)
    return new Map(noisy.map(({ name }, i) => [name, [parts[2 * i]!, parts[2 * i + 1]!]]))
  }

  return {
    layout,
    noiseSize,

    init(rng) {
      const arrays = initMlp(prefix, spec, { kind: 'torch' }, rng)
      for (const { name, inputs } of noisy) {
        for (const part of ['weight', 'bias']) {
          const { length } = arrays[`${name}/${part}`]!
          arrays[`${name}/${part}Sigma`] = new Float32Array(length).fill(sigma / Math.sqrt(inputs))
        }
        // Scale and offset of a normalisation have a place among the deviations and no noise.
        for (const part of ['scale', 'offset']) {
          const values = arrays[`${name}/${part}`]
          if (values) arrays[`${name}/${part}Sigma`] = new Float32Array(values.length)
        }
      }
      return packHost(arrays, layout)
    },

    mean: (params) => split(params as Tensor1D, [plain.size, sigmas.size])[0]!,

    perturbed(params, noise) {
      const drawn = factors(reshape(noise, [1, noiseSize]))
      const epsilon = sigmas.entries.map(({ name, size }) => {
        const cut = name.lastIndexOf('/')
        const [input, output] = drawn.get(name.slice(0, cut))!
        const part = name.slice(cut + 1)
        if (part === 'weight') return reshape(matMul(reshape(input, [-1, 1]), output), [size]) as Tensor1D
        return part === 'bias' ? (reshape(output, [size]) as Tensor1D) : (zeros([size]) as Tensor1D)
      })
      const parts = split(
        params as Tensor1D,
        fixed === 0 ? [sigmas.size, sigmas.size] : [fixed, sigmas.size, sigmas.size],
      )
      const [means, deviations] = parts.slice(-2) as [Tensor, Tensor]
      const moved = add(means, mul(deviations, concat1d(epsilon))) as Tensor1D
      return fixed === 0 ? moved : concat1d([parts[0] as Tensor1D, moved])
    },

    applyPerRow(params, rows, noise) {
      const parts = unpackParams(params, layout)
      const drawn = factors(noise)
      let out = rows
      for (const { name, hidden } of layers) {
        const factor = drawn.get(name)
        const x = out
        out = linear(parts, name, x)
        if (factor) {
          const [input, output] = factor
          // x (S f_in f_out) = ((x f_in) S) f_out: two products, whatever the number of rows.
          const moved = add(matMul(mul(x, input), parts[`${name}/weightSigma`]!), parts[`${name}/biasSigma`]!)
          out = add(out, mul(moved, output))
        }
        if (!hidden) continue
        if (spec.layerNorm) out = layerNorm(out, parts[`${name}/scale`]!, parts[`${name}/offset`]!)
        out = activate(spec.activation, out)
      }
      return out
    },
  }
}
