/** One or several independent choices per row, from logits. */
import {
  add,
  argMax,
  cast,
  cumsum,
  customGrad,
  exp,
  lessEqual,
  mul,
  neg,
  oneHot,
  reshape,
  split,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  unstack,
} from '@tensorflow/tfjs-core'
import type { Distribution } from './distribution.ts'
import { logSoftmax } from './log-softmax.ts'

/** What illegal actions get added to their logit: finite, so that 0 x log 0 stays 0. */
const ILLEGAL = 1e9

/**
 * `logits` [N, sum of sizes]; `sizes`: choices of each sub-action. `mask`: bool, like `logits`, 0 where illegal: such
 * an action has probability exactly 0, is never sampled, and adds nothing to the entropy. Actions are int32, [N] for
 * one sub-action and [N, heads] for several.
 */
export function categorical(logits: Tensor, sizes: readonly number[], mask?: Tensor): Distribution {
  const legal = mask ? add(logits, mul(sub(cast(mask, 'float32'), 1), ILLEGAL)) : logits
  const single = sizes.length === 1
  let logits_: Tensor[] | undefined
  let logProbs_: Tensor[] | undefined
  /** Logits and log-probabilities of each sub-action, [N, n]. */
  const parts = () => {
    logits_ ??= single ? [legal] : split(legal as Tensor2D, sizes as number[], 1)
    return logits_
  }
  const logProbs = () => {
    logProbs_ ??= parts().map(logSoftmax)
    return logProbs_
  }
  const total = (rows: Tensor[]) => rows.reduce((a, b) => add(a, b))
  const joined = (parts: Tensor[]) => (single ? parts[0]! : stack(parts, 1))

  return {
    sample(noise) {
      const uniforms = single ? [reshape(noise, [-1, 1])] : split(noise as Tensor2D, sizes.length, 1)
      return joined(logProbs().map((logProb, i) => inverseCdf(exp(logProb), uniforms[i]!)))
    },
    logProb(action) {
      const actions = single ? [action] : unstack(action, 1)
      return total(actions.map((a, i) => chosenLogProb(parts()[i]!, logProbs()[i]!, oneHot(a, sizes[i]!))))
    },
    entropy() {
      return total(parts().map((part, i) => entropyOf(part, logProbs()[i]!)))
    },
    mode() {
      return joined(parts().map((part) => argMax(part, 1)))
    },
  }
}

/**
 * The first index whose cumulative probability exceeds the uniform [N, 1], which is scaled by the total: u x total is
 * below the total for every u < 1 in float32, so an index past the last legal one cannot come out.
 */
function inverseCdf(probs: Tensor, uniform: Tensor): Tensor {
  const n = probs.shape[1]!
  const cumulative = cumsum(probs, 1)
  const total = n === 1 ? cumulative : split(cumulative as Tensor2D, [n - 1, 1], 1)[1]!
  // The sum of a bool is an int32.
  return sum(lessEqual(cumulative, mul(uniform, total)), 1)
}

type Save = (tensors: Tensor[]) => void

/** [N] sum of logProbs [N, n] x chosen [N, n], one-hot. Its gradient by the logits: dy (chosen - probs). */
function chosenLogProb(logits: Tensor, logProbs: Tensor, chosen: Tensor): Tensor {
  return customGrad((_, save) => {
    ;(save as Save)([logProbs, chosen])
    return {
      value: sum(mul(logProbs, chosen), 1),
      gradFunc: (dy: Tensor, [logProbs, chosen]: Tensor[]) => mul(reshape(dy, [-1, 1]), sub(chosen!, exp(logProbs!))),
    }
  })(logits)
}

/** [N] entropy H. Its gradient by the logits: -dy probs (logProbs + H). */
function entropyOf(logits: Tensor, logProbs: Tensor): Tensor {
  return customGrad((_, save) => {
    const probs = exp(logProbs)
    const value = neg(sum(mul(probs, logProbs), 1))
    ;(save as Save)([probs, logProbs, value])
    return {
      value,
      gradFunc: (dy: Tensor, [probs, logProbs, value]: Tensor[]) =>
        mul(reshape(neg(dy), [-1, 1]), mul(probs!, add(logProbs!, reshape(value!, [-1, 1])))),
    }
  })(logits)
}
