/** Text that says what a function became: its graph before and after the passes, what each node costs, target and why. */
import { RepriseError } from '@reprise/core'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { graphFlops, nodeFlops } from './cost.ts'
import { type PreparedFunction, prepare } from './function-request.ts'
import type { Graph } from './graph.ts'
import { printGraph } from './print-graph.ts'
import { isSpec, leavesOf, mapTree, type SpecTree } from './tree.ts'

export interface Explanation {
  readonly prepared: readonly PreparedFunction[]
  readonly target: string
  readonly reason: string
}

const explanations = new WeakMap<object, () => Explanation>()

/** Lets `explain` talk about a program or a compiled function. */
export function explainWith(subject: object, explanation: () => Explanation): void {
  explanations.set(subject, explanation)
}

/**
 * @param subject a program, a function made by `jit` (as far as it was called), or any function with specs of its
 * arguments, which is recorded for the purpose
 */
export function explain(subject: object, args: readonly SpecTree[] = [], options: TargetOptions = {}): string {
  const known = explanations.get(subject)
  if (known === undefined && typeof subject !== 'function') {
    throw new RepriseError('RPR_COMPILE_INPUT', 'explain takes a program or a function.', { value: typeof subject })
  }
  const { prepared, target, reason } = known?.() ?? explainFunction(subject as UserFunction, args, options)
  const parts = prepared.map((fn) => explainPrepared(fn))
  return [`target: ${target} (${reason})`, ...parts].join('\n\n')
}

type UserFunction = (...args: unknown[]) => unknown

function explainFunction(fn: UserFunction, args: readonly SpecTree[], options: TargetOptions): Explanation {
  const inputs = Object.fromEntries(leavesOf(args, isSpec))
  const prepared = prepare(fn.name || 'function', inputs, {}, (source) => ({
    outputs: fn(...(mapTree(args, isSpec, (leaf, path) => source.input(path, leaf as never)) as unknown[])),
  }))
  const request = { state: {}, functions: { [prepared.request.name]: prepared.request } }
  const { target, reason } = chooseTarget(request, options)
  return { prepared: [prepared], target: target.name, reason }
}

function explainPrepared(fn: PreparedFunction): string {
  const before = fn.recorded()
  const after = fn.request.graph()
  const total = graphFlops(after)
  const share = (graph: Graph, id: number): string => {
    const flops = nodeFlops(graph, graph.nodes[id]!)
    return flops === 0 ? '' : `${flops} FLOP, ${((100 * flops) / Math.max(1, total)).toFixed(1)} %`
  }
  return [
    `== ${fn.request.name}: ${before.nodes.length} nodes recorded, ${after.nodes.length} after the passes, ` +
      `${(total / 1e6).toPrecision(3)} MFLOP`,
    '-- recorded',
    printGraph(before),
    '-- after the passes',
    printGraph(after, (_, id) => share(after, id)),
  ].join('\n')
}
