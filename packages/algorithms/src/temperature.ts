/** The temperature of soft actor-critics: fixed, or tuned so that the policy keeps a target entropy. */
import type { HostTree } from '@reprise/backend'
import type { OptionSpec } from '@reprise/core'
import { type AdamState, adam, adamHostState } from '@reprise/nn'
import { exp, mean, mul, reshape, type Tensor, tensor1d } from '@tensorflow/tfjs-core'

const AUTO = /^auto(?:_(.+))?$/

/** A number, `auto`, or `auto_X` with the value X to begin with; the spelling of Stable-Baselines3. */
export const entropyCoefOption: OptionSpec<number | string> = {
  kind: 'string',
  default: 'auto',
  doc: 'Temperature: weight of the entropy. auto: tuned towards the target entropy from 1 on; auto_0.1: from 0.1 on.',
  range: 'a number >= 0, auto, or auto_X with X > 0',
  aliases: ['ent_coef'],
  read(value) {
    if (typeof value === 'string' && AUTO.test(value)) {
      return initialOf(value) > 0 && Number.isFinite(initialOf(value)) ? { value } : { error: 'RPR_OPTION_RANGE' }
    }
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number !== 'number' || Number.isNaN(number)) return { error: 'RPR_OPTION_TYPE' }
    return number >= 0 && Number.isFinite(number) ? { value: number } : { error: 'RPR_OPTION_RANGE' }
  },
}

function initialOf(auto: string): number {
  return Number(AUTO.exec(auto)?.[1] ?? 1)
}

export function isAutomatic(entropyCoef: number | string): entropyCoef is string {
  return typeof entropyCoef === 'string'
}

/** Part of the state where the temperature is tuned. */
export type TemperatureState = {
  /** [1] */
  readonly logAlpha: Tensor
  readonly alphaOptimizer: AdamState
}

export function temperatureHostState(entropyCoef: number | string): HostTree {
  if (!isAutomatic(entropyCoef)) return {}
  const logAlpha = Float32Array.of(Math.log(initialOf(entropyCoef)))
  return {
    logAlpha: { dtype: 'float32', shape: [1], data: logAlpha },
    ...adamHostState('alphaOptimizer', 1),
  }
}

/** The temperature in force, [1]. */
export function temperatureOf(entropyCoef: number | string, state: Partial<TemperatureState>): Tensor {
  return isAutomatic(entropyCoef) ? exp(state.logAlpha!) : tensor1d([entropyCoef])
}

/**
 * One step on log alpha (entropy - target), whose gradient by log alpha is the `excess` of entropy: [N] entropy
 * (or -log pi) minus its target. SB3's loss: linear in log alpha, not in alpha.
 */
export function temperatureStep(state: TemperatureState, excess: Tensor, learningRate: Tensor): TemperatureState {
  const step = adam(state.logAlpha, reshape(mean(excess), [1]), state.alphaOptimizer, learningRate)
  return { logAlpha: step.params, alphaOptimizer: step.state }
}

/** log alpha x mean(entropy - target), the loss of that step: for the log. */
export function temperatureLoss(state: TemperatureState, excess: Tensor): Tensor {
  return mul(reshape(state.logAlpha, []), mean(excess))
}
