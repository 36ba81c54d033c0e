/** Which distribution fits an action space, and how its actions reach the environment. */
import { asAnySpace, type Columns, RepriseError, type Space } from '@reprise/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { categorical } from './heads/categorical.ts'
import type { Distribution } from './heads/distribution.ts'
import { gaussian } from './heads/gaussian.ts'

export interface ActionHead {
  readonly kind: 'categorical' | 'gaussian'
  /** Outputs of the policy network: logits of all sub-actions, or means. */
  readonly outputs: number
  /** Choices of each sub-action; empty for a Gaussian head. */
  readonly sizes: readonly number[]
  /** One row of the action as networks see it: counted from 0, unclipped. */
  readonly action: { readonly dtype: 'float32' | 'int32'; readonly shape: readonly number[] }
  /** One row of the noise that `sample` needs. */
  readonly noise: { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly fill: 'uniform' | 'normal' }
  /** `outputs` [N, outputs] of the network; `logStd` [A] for a Gaussian head; `mask` bool [N, outputs]. */
  distribution(outputs: Tensor, logStd?: Tensor, mask?: Tensor): Distribution
  /** Writes network actions into action columns: Discrete's start added back, Gaussian actions clipped to the box. */
  writeActions(action: ArrayLike<number>, columns: Columns): void
}

/**
 * Discrete, MultiDiscrete and MultiBinary (as choices of two) get a categorical head, a float Box a Gaussian one.
 * @throws RepriseError RPR_SPACE_UNSUPPORTED for any other space
 */
export function actionHead(space: Space): ActionHead {
  const any = asAnySpace(space)
  switch (any.kind) {
    case 'Discrete':
      return categoricalHead([any.n], [], any.start)
    case 'MultiDiscrete':
      return categoricalHead(any.nvec, [any.nvec.length], 0)
    case 'MultiBinary': {
      const size = any.leaves[0]!.size
      return categoricalHead(
        Array.from({ length: size }, () => 2),
        [size],
        0,
      )
    }
    case 'Box':
      if (any.dtype !== 'float32' && any.dtype !== 'float64') break
      return gaussianHead(any.low, any.high)
  }
  throw new RepriseError('RPR_SPACE_UNSUPPORTED', `Actions of ${space} have no policy head.`, {
    value: String(space),
    hint: 'Use Discrete, MultiDiscrete, MultiBinary or a Box of floats.',
  })
}

function categoricalHead(sizes: readonly number[], shape: readonly number[], start: number): ActionHead {
  // One sub-action of a vector space is still a vector of one: networks see [N], the column the same numbers.
  const flat = sizes.length === 1
  return {
    kind: 'categorical',
    outputs: sizes.reduce((a, b) => a + b, 0),
    sizes,
    action: { dtype: 'int32', shape: flat ? [] : shape },
    noise: { dtype: 'float32', shape: [sizes.length], fill: 'uniform' },
    distribution: (outputs, _, mask) => categorical(outputs, sizes, mask),
    writeActions(action, columns) {
      const out = dataOf(columns, action)
      for (let i = 0; i < out.length; i++) out[i] = action[i]! + start
    },
  }
}

function gaussianHead(low: Float64Array, high: Float64Array): ActionHead {
  const size = low.length
  return {
    kind: 'gaussian',
    outputs: size,
    sizes: [],
    action: { dtype: 'float32', shape: [size] },
    noise: { dtype: 'float32', shape: [size], fill: 'normal' },
    distribution: (outputs, logStd) => gaussian(outputs, logStd!),
    writeActions(action, columns) {
      const out = dataOf(columns, action)
      for (let i = 0; i < out.length; i++) {
        const k = i % size
        // Math.min and max pass a NaN on: the environment and the divergence check refuse it.
        out[i] = Math.min(Math.max(action[i]!, low[k]!), high[k]!)
      }
    },
  }
}

function dataOf(columns: Columns, action: ArrayLike<number>) {
  const { data } = columns[0]!
  if (columns.length !== 1 || data.length !== action.length) {
    throw new RepriseError('RPR_SHAPE', `${action.length} action elements for a column of ${data.length}.`, {
      value: action.length,
      hint: 'Act on as many rows as the environment has.',
    })
  }
  return data
}
