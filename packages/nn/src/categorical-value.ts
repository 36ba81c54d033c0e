/** Returns as distributions over fixed atoms (C51: Bellemare, Dabney and Munos 2017). */
import {
  add,
  clipByValue,
  exp,
  matMul,
  mul,
  relu,
  reshape,
  sub,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
} from '@tensorflow/tfjs-core'
import { logSoftmax } from './heads/log-softmax.ts'

export interface Support {
  /** At least 2, evenly spaced from `min` to `max`. */
  readonly atoms: number
  readonly min: number
  readonly max: number
}

/** The atoms as host numbers. */
export function atomsOf({ atoms, min, max }: Support): Float32Array {
  return Float32Array.from({ length: atoms }, (_, i) => min + ((max - min) * i) / (atoms - 1))
}

/** Probabilities [..., atoms] -> mean [...]. */
export function meanOf(probabilities: Tensor, support: Support): Tensor {
  const { atoms } = support
  const values = matMul(reshape(probabilities, [-1, atoms]), tensor2d(atomsOf(support), [atoms, 1]))
  return reshape(values, probabilities.shape.slice(0, -1))
}

/** Logits [..., atoms] -> probabilities. */
export function probabilitiesOf(logits: Tensor): Tensor {
  return exp(logSoftmax(logits))
}

/**
 * The distribution of reward + discount x Z, for Z over the atoms with `probabilities` [N, atoms], brought back to the
 * atoms: each moved atom gives its mass to its two neighbours by nearness, those out of bounds all of it to the edge.
 * `reward` and `discount` [N]; a discount of 0 puts all mass at the reward.
 */
export function projectReturns(probabilities: Tensor, reward: Tensor, discount: Tensor, support: Support): Tensor {
  const { atoms, min, max } = support
  const moved = add(reshape(reward, [-1, 1]), mul(reshape(discount, [-1, 1]), tensor1d(atomsOf(support))))
  // Positions in units of atoms, [N, 1, atoms]; against each atom's own number [atoms, 1].
  const position = mul(sub(clipByValue(moved, min, max), min), (atoms - 1) / (max - min))
  const numbers = tensor2d(
    Array.from({ length: atoms }, (_, i) => i),
    [atoms, 1],
  )
  const distance = sub(reshape(position, [-1, 1, atoms]), numbers)
  // 1 - |d| where that is positive: 1 - relu(d) - relu(-d).
  const share = relu(sub(sub(1, relu(distance)), relu(sub(0, distance))))
  return sum(mul(share, reshape(probabilities, [-1, 1, atoms])), 2)
}
