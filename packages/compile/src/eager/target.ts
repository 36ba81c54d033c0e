/** No compilation: runs the function on TensorFlow.js's active backend. Takes everything; the last resort. */
import { RepriseError } from '@reprise/core'
import { keep, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { type HostData, sizeOf, type TensorSpec } from '../graph.ts'
import { arrayFor } from '../infer.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest, Target } from '../target.ts'

export const eagerTarget: Target = {
  name: 'eager',
  supports: ({ functions }) => {
    const lost = Object.values(functions).find(({ trace }) => trace === undefined)
    return lost && { reason: `'${lost.name}' has no function to run, only a graph.` }
  },
  build: (request) => runEagerly(request),
}

function runEagerly(request: ProgramRequest): BuiltProgram {
  const state = new Map<string, Tensor>()
  for (const [path, leaf] of Object.entries(request.state)) state.set(path, hold(leaf.data, leaf))

  const build = (fn: FunctionRequest): BuiltFunction => {
    const inputs = Object.fromEntries(
      Object.entries(fn.inputs).map(([name, spec]) => [name, arrayFor(spec.dtype, sizeOf(spec.shape))]),
    )
    const outputs: Record<string, HostData> = {}
    const run = (): void => {
      const next = tidy(() => {
        const result = fn.trace!({
          input: (name, spec) => toTensor(inputs[name]!, spec),
          state: (path) => state.get(path) ?? missing(path),
        })
        for (const [name, value] of Object.entries(result.outputs)) {
          const data = value.dataSync() as HostData
          // The same array for the life of the program, once its length is known.
          if (outputs[name] === undefined) outputs[name] = data.slice()
          else outputs[name].set(data)
        }
        const changed = Object.entries(result.nextState ?? {}).filter(([path, value]) => value !== state.get(path))
        return changed.map(([path, value]) => [path, keep(value.clone())] as const)
      })
      for (const [path, value] of next) replace(state, path, value)
    }
    return { inputs, outputs, run }
  }

  return {
    functions: Object.fromEntries(Object.entries(request.functions).map(([name, fn]) => [name, build(fn)])),
    add: build,
    save: () => Object.fromEntries([...state].map(([path, value]) => [path, value.dataSync().slice() as HostData])),
    load: (from) => {
      for (const [path, data] of Object.entries(from)) replace(state, path, hold(data, state.get(path)! as TensorSpec))
    },
    dispose: () => {
      for (const value of state.values()) value.dispose()
      state.clear()
    },
  }
}

/** Copied: the cpu backend would keep the array itself. */
function toTensor(data: HostData, { shape, dtype }: TensorSpec): Tensor {
  return tensor(data.slice(), [...shape], dtype)
}

function hold(data: HostData, spec: TensorSpec): Tensor {
  return tidy(() => keep(toTensor(data, spec)))
}

function replace(state: Map<string, Tensor>, path: string, value: Tensor): void {
  state.get(path)?.dispose()
  state.set(path, value)
}

function missing(path: string): never {
  throw new RepriseError('RPR_STATE_MISMATCH', `The program has no state '${path}'.`, { value: path })
}
