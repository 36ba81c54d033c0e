import { abs, add, maximum, mean, mul, square, type Tensor } from '@tensorflow/tfjs-core'
import { huber, pal } from './huber.ts'
import { isWeighted, priorityAlphaOf, type ReplayOptions } from './replay-options.ts'

type LossOptions = Pick<ReplayOptions, 'replay' | 'priorityAlpha' | 'lapFloor'>

/**
 * The loss of several critics on the same rows: the sum over critics of the mean over rows of x^2 / 2, weighted by the
 * importance weights where the replay gives them; with `replay` lap Huber's, with pal PAL's.
 * `errors`: [N] per critic; `largest` [N]: the largest of each row.
 */
export function criticLoss(
  errors: readonly Tensor[],
  largest: Tensor,
  weight: Tensor | undefined,
  options: LossOptions,
): Tensor {
  const { replay, lapFloor } = options
  const perRow = (x: Tensor) => {
    if (replay === 'lap') return huber(x, lapFloor)
    if (replay === 'pal') return pal(x, lapFloor, priorityAlphaOf(options), largest)
    return mul(square(x), 0.5)
  }
  const rows = errors.map(perRow).reduce((a, b) => add(a, b))
  return mean(isWeighted(options) ? mul(rows, weight!) : rows)
}

/** [N] the largest absolute error over critics: what priorities are made of. */
export function largestError(errors: readonly Tensor[]): Tensor {
  return errors.map((x) => abs(x)).reduce((a, b) => maximum(a, b))
}
