/** V-trace and Retrace on gpu.js: both are the recurrence of `gae` with a coefficient of its own in every row. */
import { type Executed, type GpuRuntime, type KernelThis, toFloat32 } from '@reprise/gpu'
import type { RetraceInput } from '../retrace.ts'
import { checkRollout } from '../rollout.ts'
import type { VTraceInput, VTraceOutput } from '../v-trace.ts'
import { makeRecurrence } from './recurrence.ts'
import { rolloutArrays } from './rollout-inputs.ts'

interface Shape {
  readonly size: number
  readonly numEnvs: number
}

/** V of what follows each step. */
function nextValues(
  this: KernelThis<Shape>,
  ends: Float32Array,
  finals: Float32Array,
  lasts: Float32Array,
  values: Float32Array,
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
  return next
}

/** parameters: gamma, lambda, rhoBar, cBar */
function vTraceDeltas(
  this: KernelThis,
  rewards: Float32Array,
  next: Float32Array,
  values: Float32Array,
  logRatios: Float32Array,
  parameters: Float32Array,
): number {
  const i = this.thread.x
  const rho = Math.min(parameters[2], Math.exp(logRatios[i]))
  return rho * (rewards[i] + parameters[0] * next[i] - values[i])
}

function vTraceDecays(
  this: KernelThis<Shape>,
  ends: Float32Array,
  logRatios: Float32Array,
  parameters: Float32Array,
): number {
  const i = this.thread.x
  let decay = parameters[0] * parameters[1] * Math.min(parameters[3], Math.exp(logRatios[i]))
  if (ends[i] > 0.5 || i + this.constants.numEnvs >= this.constants.size) {
    decay = -1
  }
  return decay
}

function vTraceAdvantages(
  this: KernelThis<Shape>,
  delta: Float32Array,
  error: Float32Array,
  ends: Float32Array,
  logRatios: Float32Array,
  parameters: Float32Array,
): number {
  const i = this.thread.x
  let beyond = 0
  if (ends[i] < 0.5 && i + this.constants.numEnvs < this.constants.size) {
    const rho = Math.min(parameters[2], Math.exp(logRatios[i]))
    beyond = rho * parameters[0] * parameters[1] * error[i + this.constants.numEnvs]
  }
  return delta[i] + beyond
}

function plus(this: KernelThis, a: Float32Array, b: Float32Array): number {
  return a[this.thread.x] + b[this.thread.x]
}

export async function gpuVTrace(
  gpu: GpuRuntime,
  input: VTraceInput,
  ran: (executed: Executed) => void,
): Promise<VTraceOutput> {
  const { steps, numEnvs, values, logRatios } = input
  const size = checkRollout('vTrace', input, { values, logRatios })
  const plan = gpu.pipeline(`vTrace ${steps}`, [size, size, size, numEnvs, size, size, 4], (make) => {
    const settings = { output: size, constants: { size, numEnvs } }
    const following = make(nextValues, settings)
    const deltas = make(vTraceDeltas, { output: size })
    const decays = make(vTraceDecays, settings)
    const advantage = make(vTraceAdvantages, settings)
    const sum = make(plus, { output: size })
    const scan = makeRecurrence(make, steps, numEnvs)
    return (rewards, ends, finals, lasts, values, logRatios, parameters) => {
      const next = following(ends, finals, lasts, values)
      const delta = deltas(rewards, next, values, logRatios, parameters)
      const error = scan(decays(ends, logRatios, parameters), delta)
      return [sum(error, values), advantage(delta, error, ends, logRatios, parameters)]
    }
  })
  const parameters = Float32Array.of(input.gamma, input.lambda, input.rhoBar, input.cBar)
  const [targets, advantages] = await plan.run(
    ...rolloutArrays(input),
    toFloat32(values),
    toFloat32(logRatios),
    parameters,
  )
  ran(plan.executed!)
  return { targets: targets!, advantages: advantages! }
}

/** parameters: gamma, lambda */
function retraceDeltas(
  this: KernelThis,
  rewards: Float32Array,
  next: Float32Array,
  actionValues: Float32Array,
  parameters: Float32Array,
): number {
  const i = this.thread.x
  return rewards[i] + parameters[0] * next[i] - actionValues[i]
}

function retraceDecays(
  this: KernelThis<Shape>,
  ends: Float32Array,
  logRatios: Float32Array,
  parameters: Float32Array,
): number {
  const i = this.thread.x
  let decay = -1
  if (ends[i] < 0.5 && i + this.constants.numEnvs < this.constants.size) {
    decay = parameters[0] * parameters[1] * Math.min(1, Math.exp(logRatios[i + this.constants.numEnvs]))
  }
  return decay
}

export async function gpuRetrace(
  gpu: GpuRuntime,
  input: RetraceInput,
  ran: (executed: Executed) => void,
): Promise<Float32Array> {
  const { steps, numEnvs, values, actionValues, logRatios } = input
  const size = checkRollout('retrace', input, { values, actionValues, logRatios })
  const plan = gpu.pipeline(`retrace ${steps}`, [size, size, size, numEnvs, size, size, size, 2], (make) => {
    const settings = { output: size, constants: { size, numEnvs } }
    const following = make(nextValues, settings)
    const deltas = make(retraceDeltas, { output: size })
    const decays = make(retraceDecays, settings)
    const sum = make(plus, { output: size })
    const scan = makeRecurrence(make, steps, numEnvs)
    return (rewards, ends, finals, lasts, values, actionValues, logRatios, parameters) => {
      const next = following(ends, finals, lasts, values)
      const delta = deltas(rewards, next, actionValues, parameters)
      return [sum(scan(decays(ends, logRatios, parameters), delta), actionValues)]
    }
  })
  const arrays = [toFloat32(values), toFloat32(actionValues), toFloat32(logRatios)]
  const [targets] = await plan.run(...rolloutArrays(input), ...arrays, Float32Array.of(input.gamma, input.lambda))
  ran(plan.executed!)
  return targets!
}
