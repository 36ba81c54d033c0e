/**
 * Generalised state-dependent exploration (Raffin et al. 2021): the noise of an action is a linear function of the
 * policy's last hidden layer, with weights that are kept for several steps. Neighbouring states get similar noise.
 */
import {
  add,
  clipByValue,
  exp,
  expandDims,
  log,
  matMul,
  mul,
  reshape,
  split,
  square,
  sum,
  type Tensor,
  type Tensor1D,
  tanh,
} from '@tensorflow/tfjs-core'
import { squashedGaussian } from './heads/gaussian.ts'
import { layoutOf, packHost } from './layout.ts'
import { initMlp, type MlpSpec, mlpShapes } from './mlp.ts'
import { network } from './network.ts'
import type { SquashedActor, SquashedActorSpec } from './squashed-actor.ts'

/** Means lie in [-2, 2] before tanh; added to the variance. Both as in Stable-Baselines3. */
const MEAN_CLIP = 2
const VARIANCE_EPSILON = 1e-6

/**
 * `logStdInit`: initial log standard deviation of every weight of the noise. With phi the last hidden layer [N, L] and
 * sigma = exp(logStd) [L, A], one matrix of noise E [L, A] moves the action of a row before tanh by phi (sigma E), which
 * over E is N(0, phi^2 sigma^2): `apply` gives that distribution, row by row, and `explore` keeps to a given E.
 * The features get the gradient of the noise too (SB3's `learn_features`, as its SAC sets it); sigma is not clipped.
 */
export function gsdeActor(spec: SquashedActorSpec & { readonly logStdInit: number }): SquashedActor {
  const { inputs, actions, hidden, activation, layerNorm = false } = spec
  const latent = hidden[hidden.length - 1]!
  const trunkSpec: MlpSpec = { inputs, hidden, outputs: 0, activation, layerNorm }
  const trunk = network('policy', trunkSpec)
  const headSpec: MlpSpec = { inputs: latent, hidden: [], outputs: actions, activation, layerNorm: false }
  const layout = layoutOf({
    ...mlpShapes('policy', trunkSpec),
    ...mlpShapes('policy', headSpec),
    logStd: [latent, actions],
  })
  const sections = [trunk.layout.size, latent * actions, actions, latent * actions]

  function parts(params: Tensor, observation: Tensor) {
    const [body, weight, bias, logStd] = split(params as Tensor1D, sections) as [Tensor, Tensor, Tensor, Tensor]
    const features = trunk.apply(body, observation)
    const mean = add(matMul(features, reshape(weight, [latent, actions])), bias)
    return {
      features,
      mean: clipByValue(mean, -MEAN_CLIP, MEAN_CLIP),
      std: exp(reshape(logStd, [latent, actions])),
    }
  }

  return {
    layout,
    init(rng) {
      return packHost(
        {
          ...initMlp('policy', trunkSpec, { kind: 'torch' }, rng),
          ...initMlp('policy', headSpec, { kind: 'torch' }, rng),
          logStd: new Float32Array(latent * actions).fill(spec.logStdInit),
        },
        layout,
      )
    },
    apply(params, observation) {
      const { features, mean, std } = parts(params, observation)
      const variance = matMul(square(features), square(std))
      return squashedGaussian(mean, mul(log(add(variance, VARIANCE_EPSILON)), 0.5))
    },
    noiseShape: [latent, actions],
    explore(params, observation, noise) {
      const { features, mean, std } = parts(params, observation)
      return tanh(add(mean, sum(mul(expandDims(features, 2), mul(noise, std)), 1)))
    },
  }
}
