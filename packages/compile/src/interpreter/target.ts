/** The reference as a target, for tests: correct and slow. Never chosen unless asked for by name. */
import type { HostData } from '../graph.ts'
import { sizeOf } from '../graph.ts'
import { arrayFor } from '../infer.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest, Target } from '../target.ts'
import { evaluate } from './evaluate.ts'

export const interpreterTarget: Target = {
  name: 'interpreter',
  supports: () => undefined,
  build: (request) => interpret(request),
}

function interpret(request: ProgramRequest): BuiltProgram {
  const state = Object.fromEntries(Object.entries(request.state).map(([path, leaf]) => [path, leaf.data.slice()]))
  const build = (fn: FunctionRequest): BuiltFunction => {
    const graph = fn.graph()
    const inputs = Object.fromEntries(
      Object.entries(fn.inputs).map(([name, spec]) => [name, arrayFor(spec.dtype, sizeOf(spec.shape))]),
    )
    const outputs = Object.fromEntries(
      Object.entries(graph.outputs).map(([name, id]) => {
        const node = graph.nodes[id]!
        return [name, arrayFor(node.dtype, sizeOf(node.shape))]
      }),
    )
    const run = (): void => {
      const result = evaluate(graph, inputs, state)
      for (const [name, value] of Object.entries(result.outputs)) outputs[name]!.set(value)
      // All values first: one leaf may become another's old value.
      const next = Object.entries(result.nextState).map(([path, value]) => [path, value.slice()] as const)
      for (const [path, value] of next) state[path]!.set(value)
    }
    return { inputs, outputs, run }
  }
  const functions = Object.fromEntries(Object.entries(request.functions).map(([name, fn]) => [name, build(fn)]))
  return {
    functions,
    add: build,
    save: () => copy(state),
    load: (from) => {
      for (const [path, value] of Object.entries(from)) state[path]!.set(value)
    },
    dispose: () => {},
  }
}

function copy(state: Readonly<Record<string, HostData>>): Record<string, HostData> {
  return Object.fromEntries(Object.entries(state).map(([path, value]) => [path, value.slice()]))
}
