import { type Executed, type GpuRuntime, type KernelThis, toFloat32 } from '@reprise/gpu'
import { checkLengths } from '../check.ts'
import type { RolloutInput } from '../rollout.ts'
import { checkRollout } from '../rollout.ts'
import { CUT, makeRecurrence } from './recurrence.ts'
import { rolloutArrays } from './rollout-inputs.ts'

interface Shape {
  readonly size: number
  readonly numEnvs: number
}

function discounts(this: KernelThis, ends: Float32Array, gamma: Float32Array): number {
  let discount = gamma[0]
  if (ends[this.thread.x] > 0.5) {
    discount = -1
  }
  return discount
}

function bootstrapped(
  this: KernelThis<Shape>,
  rewards: Float32Array,
  ends: Float32Array,
  finals: Float32Array,
  lasts: Float32Array,
  gamma: Float32Array,
): number {
  const i = this.thread.x
  let beyond = 0
  if (ends[i] < 0.5) {
    if (i + this.constants.numEnvs >= this.constants.size) {
      beyond = gamma[0] * lasts[i + this.constants.numEnvs - this.constants.size]
    }
  } else {
    if (ends[i] < 1.5) {
      beyond = gamma[0] * finals[i]
    }
  }
  return rewards[i] + beyond
}

export async function gpuDiscountedReturns(
  gpu: GpuRuntime,
  input: RolloutInput,
  ran: (executed: Executed) => void,
): Promise<Float32Array> {
  const { steps, numEnvs } = input
  const size = checkRollout('discountedReturns', input, {})
  const plan = gpu.pipeline(`discountedReturns ${steps}`, [size, size, size, numEnvs, 1], (make) => {
    const offset = make(bootstrapped, { output: size, constants: { size, numEnvs } })
    const discount = make(discounts, { output: size })
    const scan = makeRecurrence(make, steps, numEnvs)
    return (rewards, ends, finals, lasts, gamma) => [
      scan(discount(ends, gamma), offset(rewards, ends, finals, lasts, gamma)),
    ]
  })
  const [returns] = await plan.run(...rolloutArrays(input), Float32Array.of(input.gamma))
  ran(plan.executed!)
  return returns!
}

export interface RewardToGoInput {
  /** [rows] of packed episodes. */
  readonly rewards: ArrayLike<number>
  /** [episodes + 1] episode e holds rows `offsets[e]` to `offsets[e + 1]`. */
  readonly offsets: ArrayLike<number>
  readonly gamma: number
}

export async function gpuRewardToGo(
  gpu: GpuRuntime,
  { rewards, offsets, gamma }: RewardToGoInput,
  ran: (executed: Executed) => void,
): Promise<Float64Array> {
  const size = rewards.length
  checkLengths('rewardToGo', offsets[offsets.length - 1] ?? 0, { rewards })
  if (size === 0) return new Float64Array(0)
  const coefficients = new Float32Array(size).fill(gamma)
  for (let e = 1; e < offsets.length; e++) if (offsets[e]! > 0) coefficients[offsets[e]! - 1] = CUT
  const plan = gpu.pipeline('rewardToGo', [size, size], (make) => {
    const copy = make(same, { output: size })
    const scan = makeRecurrence(make, size, 1)
    return (a, b) => [scan(a, copy(b))]
  })
  const [out] = await plan.run(coefficients, toFloat32(rewards))
  ran(plan.executed!)
  return Float64Array.from(out!)
}

/** A pipeline of no pass has no result: episodes of one step have none. */
function same(this: KernelThis, values: Float32Array): number {
  return values[this.thread.x]
}
