/** Policies whose actions lie in (-1, 1): tanh of a Gaussian that depends on the state (SAC). */
import type { Pcg64 } from '@reprise/core'
import { clipByValue, type Tensor } from '@tensorflow/tfjs-core'
import type { ActivationName } from './activation.ts'
import { type SquashedGaussian, squashedGaussian } from './heads/gaussian.ts'
import { type Layout, packHost } from './layout.ts'
import { initMlp, type MlpSpec } from './mlp.ts'
import { columns, network } from './network.ts'

export interface SquashedActorSpec {
  /** Encoded observation size. */
  readonly inputs: number
  /** Elements of an action. */
  readonly actions: number
  readonly hidden: readonly number[]
  readonly activation: ActivationName
  readonly layerNorm?: boolean
}

export interface SquashedActor {
  readonly layout: Layout
  init(rng: Pcg64): Float32Array
  /** [P], [N, inputs] -> the distribution of actions in (-1, 1). Differentiable by the parameters. */
  apply(params: Tensor, observation: Tensor): SquashedGaussian
  /** One row of the noise of `explore`, standard normal. */
  readonly noiseShape: readonly number[]
  /** Actions [N, A] to collect with. */
  explore(params: Tensor, observation: Tensor, noise: Tensor): Tensor
}

/** Bounds of the log standard deviation, as in Stable-Baselines3. */
const LOG_STD_MIN = -20
const LOG_STD_MAX = 2

/** Mean and log standard deviation are two linear heads on one trunk; PyTorch's Linear initialisation. */
export function squashedActor({ inputs, actions, hidden, activation, layerNorm }: SquashedActorSpec): SquashedActor {
  const spec: MlpSpec = { inputs, hidden, outputs: 2 * actions, activation, layerNorm: layerNorm ?? false }
  const net = network('policy', spec)
  const apply = (params: Tensor, observation: Tensor) => {
    const outputs = net.apply(params, observation)
    const logStd = clipByValue(columns(outputs, actions, actions), LOG_STD_MIN, LOG_STD_MAX)
    return squashedGaussian(columns(outputs, 0, actions), logStd)
  }
  return {
    layout: net.layout,
    init: (rng) => packHost(initMlp('policy', spec, { kind: 'torch' }, rng), net.layout),
    apply,
    noiseShape: [actions],
    explore: (params, observation, noise) => apply(params, observation).sample(noise).action,
  }
}
