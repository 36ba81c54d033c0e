import { type Executed, type GpuRuntime, type KernelThis, toFloat32 } from '@reprise/gpu'
import type { GaeInput, GaeOutput } from '../gae.ts'
import { checkRollout } from '../rollout.ts'
import { makeRecurrence } from './recurrence.ts'
import { rolloutArrays } from './rollout-inputs.ts'

interface Shape {
  readonly size: number
  readonly numEnvs: number
}

/** parameters: gamma, lambda */
function deltas(
  this: KernelThis<Shape>,
  rewards: Float32Array,
  ends: Float32Array,
  finals: Float32Array,
  lasts: Float32Array,
  values: Float32Array,
  parameters: Float32Array,
): number {
  const i = this.thread.x
  let next = 0
  if (ends[i] < 0.5) {
    if (i + this.constants.numEnvs < this.constants.size) {
      next = values[i + this.constants.numEnvs]
    } else {
      next = lasts[i + this.constants.numEnvs - this.constants.size]
    }
  } else {
    if (ends[i] < 1.5) {
      next = finals[i]
    }
  }
  return rewards[i] + parameters[0] * next - values[i]
}

function decays(this: KernelThis, ends: Float32Array, parameters: Float32Array): number {
  let decay = parameters[0] * parameters[1]
  if (ends[this.thread.x] > 0.5) {
    decay = -1
  }
  return decay
}

function plus(this: KernelThis, a: Float32Array, b: Float32Array): number {
  return a[this.thread.x] + b[this.thread.x]
}

/** `gae` as a scan of the recurrence A_t = delta_t + gamma lambda A_{t+1}. */
export async function gpuGae(gpu: GpuRuntime, input: GaeInput, ran: (executed: Executed) => void): Promise<GaeOutput> {
  const { steps, numEnvs } = input
  const size = checkRollout('gae', input, { values: input.values })
  const plan = gpu.pipeline(`gae ${steps}`, [size, size, size, numEnvs, size, 2], (make) => {
    const constants = { size, numEnvs }
    const delta = make(deltas, { output: size, constants })
    const decay = make(decays, { output: size })
    const sum = make(plus, { output: size })
    const scan = makeRecurrence(make, steps, numEnvs)
    return (rewards, ends, finals, lasts, values, parameters) => {
      const advantages = scan(decay(ends, parameters), delta(rewards, ends, finals, lasts, values, parameters))
      return [advantages, sum(advantages, values)]
    }
  })
  const parameters = Float32Array.of(input.gamma, input.lambda)
  const [advantages, returns] = await plan.run(...rolloutArrays(input), toFloat32(input.values), parameters)
  ran(plan.executed!)
  return { advantages: advantages!, returns: returns! }
}
