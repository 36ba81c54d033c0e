/** The target `onnx`: graphs run by ONNX Runtime, on the processor or through WebGPU. */
import { RepriseError } from '@reprise/core'
import type { FunctionRequest, ProgramRequest, Refusal, Target } from '../target.ts'
import { type FunctionPlan, planFunction } from './plan.ts'
import { type OnnxOptions, OnnxProgram } from './program.ts'
import { loadRuntime, runtimeInstalled } from './runtime.ts'

export interface OnnxTargetOptions {
  /** Default 'cpu'. */
  readonly provider?: 'cpu' | 'webgpu'
  /** Threads per function, 1 or more; default 1 below 10 MFLOP a call, else one per processor up to 8. */
  readonly threads?: number
}

export interface OnnxTarget extends Target {
  build(request: ProgramRequest): Promise<OnnxProgram>
}

/**
 * A target whose programs run on `onnxruntime-node`, an optional peer that is loaded when the first program is built.
 * @throws RPR_OPTION_RANGE for options outside their range
 */
export function onnxTarget(options: OnnxTargetOptions = {}): OnnxTarget {
  const checked = checkOptions(options)
  // supports() and build() ask for the same plans.
  const plans = new WeakMap<FunctionRequest, FunctionPlan>()
  const plan = (request: FunctionRequest): FunctionPlan => {
    const known = plans.get(request) ?? planFunction(request)
    plans.set(request, known)
    return known
  }
  return {
    name: 'onnx',
    supports(request): Refusal | undefined {
      if (!runtimeInstalled()) return { reason: 'onnxruntime-node is not installed' }
      for (const fn of Object.values(request.functions)) {
        try {
          plan(fn)
        } catch (error) {
          if (error instanceof RepriseError && error.code === 'RPR_COMPILE_UNSUPPORTED')
            return { reason: error.message }
          throw error
        }
      }
      return undefined
    },
    async build(request) {
      const program = new OnnxProgram(loadRuntime(), checked, request.state)
      for (const fn of Object.values(request.functions)) await program.addPlan(plan(fn))
      return program
    },
  }
}

/** @throws RPR_OPTION_RANGE */
export function checkOptions({ provider = 'cpu', threads }: OnnxTargetOptions): OnnxOptions {
  if (provider !== 'cpu' && provider !== 'webgpu') {
    throw new RepriseError('RPR_OPTION_RANGE', `provider is 'cpu' or 'webgpu', not '${String(provider)}'.`, {
      value: provider,
    })
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new RepriseError('RPR_OPTION_RANGE', `threads is an integer of 1 or more, not ${threads}.`, {
      value: threads,
    })
  }
  return { provider, threads }
}
