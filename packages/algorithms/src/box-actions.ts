/** Actions in [-1, 1], as squashed policies give them, in the units of a Box. */
import { asAnySpace, RepriseError } from '@reprise/core'
import { add, expandDims, mul, sub, type Tensor, tensor1d } from '@tensorflow/tfjs-core'
import type { PolicySpaces } from './algorithm.ts'

export interface BoxActions {
  /** Elements of an action. */
  readonly size: number
  /** [N, size] from [-1, 1] to [low, high]. */
  toEnvironment(action: Tensor): Tensor
}

/** @throws RepriseError RPR_ALGO_UNSUPPORTED for anything but a bounded Box of floats, and for action masks */
export function boxActions({ action, maskSize }: PolicySpaces, algorithm: string): BoxActions {
  const space = asAnySpace(action)
  const float = space.kind === 'Box' && (space.dtype === 'float32' || space.dtype === 'float64')
  if (!float || maskSize > 0 || !space.low.every(Number.isFinite) || !space.high.every(Number.isFinite)) {
    throw new RepriseError(
      'RPR_ALGO_UNSUPPORTED',
      `${algorithm} cannot act in ${action}${maskSize > 0 ? ' with action masks' : ''}.`,
      {
        value: String(action),
        hint: 'It needs a Box of floats with finite bounds. DQN and PPO take discrete actions.',
      },
    )
  }
  const scale = Float32Array.from(space.low, (low, i) => (space.high[i]! - low) / 2)
  const centre = Float32Array.from(space.low, (low, i) => (space.high[i]! + low) / 2)
  const centred = centre.every((value) => value === 0)
  return {
    size: space.low.length,
    toEnvironment(unit) {
      const scaled = mul(unit, tensor1d(scale))
      return centred ? scaled : add(scaled, tensor1d(centre))
    },
  }
}

/** `random` [N] picks `uniform` [N, A] in [0, 1), spread over [-1, 1], where it is 1, and the policy's action where 0. */
export function orUniform(action: Tensor, uniform: Tensor, random: Tensor): Tensor {
  const share = expandDims(random, 1)
  return add(mul(action, sub(1, share)), mul(sub(mul(uniform, 2), 1), share))
}
