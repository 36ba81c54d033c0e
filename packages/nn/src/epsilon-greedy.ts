import {
  add,
  argMax,
  cast,
  cumsum,
  floor,
  less,
  lessEqual,
  minimum,
  mul,
  reshape,
  split,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  where,
} from '@tensorflow/tfjs-core'

/** What illegal actions get added to their value: large and finite, so that 0 times it is 0. */
const ILLEGAL = 1e9

/** `values` [N, n], and -1e9 added where `mask` (bool, the same shape) is 0. */
export function onlyLegal(values: Tensor, mask: Tensor | undefined): Tensor {
  return mask ? add(values, mul(sub(cast(mask, 'float32'), 1), ILLEGAL)) : values
}

/** int32 [N]: the legal action of the highest value [N, n], the first of equals. */
export function greedy(values: Tensor, mask?: Tensor): Tensor {
  return argMax(onlyLegal(values, mask), 1)
}

/**
 * int32 [N]: with probability `epsilon` [N] a legal action, all equally likely, else the one of the highest value.
 * `noise`: uniforms in [0, 1) [N, 2]; the first decides, the second picks.
 */
export function epsilonGreedy(values: Tensor, epsilon: Tensor, noise: Tensor, mask?: Tensor): Tensor {
  const [rows, actions] = values.shape as [number, number]
  const [decides, picks] = split(noise as Tensor2D, 2, 1) as [Tensor, Tensor]
  // The mask's running count turns a number in [0, legal actions) into the action it falls on.
  const counts = mask ? cumsum(cast(mask, 'float32'), 1) : undefined
  const random = counts
    ? sum(lessEqual(counts, mul(picks, sum(cast(mask!, 'float32'), 1, true))), 1)
    : cast(minimum(floor(mul(reshape(picks, [rows]), actions)), actions - 1), 'int32')
  return where(less(reshape(decides, [rows]), epsilon), cast(random, 'int32'), greedy(values, mask))
}
