/** Runs recorded kernel calls through importers, passes and a target, and compares with the recorded answers. */
import { RepriseError } from '@reprise/core'
import type { Graph, HostData } from '../../graph.ts'
import { GraphBuilder } from '../../graph-builder.ts'
import { importKernel } from '../../import/index.ts'
import { sameShape } from '../../infer.ts'
import { simplify } from '../../passes/simplify.ts'
import type { BuiltProgram, FunctionRequest, Target } from '../../target.ts'
import type { HostArray, OracleCase } from './case.ts'

export interface Verdict {
  readonly kernel: string
  readonly result: 'pass' | 'refused' | 'wrong'
  /** Why not. */
  readonly detail: string
}

/** One program for all cases: a program per case would exhaust address space. */
export async function runCases(cases: readonly OracleCase[], target: Target): Promise<Verdict[]> {
  const program = await target.build({ state: {}, functions: {} })
  const verdicts: Verdict[] = []
  for (const [i, one] of cases.entries()) verdicts.push(await runCase(one, target, program, `case${i}`))
  program.dispose()
  return verdicts
}

async function runCase(one: OracleCase, target: Target, program: BuiltProgram, name: string): Promise<Verdict> {
  const verdict = (result: Verdict['result'], detail = ''): Verdict => ({ kernel: one.kernel, result, detail })
  try {
    const graph = graphOf(one)
    const request: FunctionRequest = { name, graph: () => graph, inputs: one.inputs }
    const refusal = target.supports({ state: {}, functions: { [name]: request } })
    if (refusal !== undefined) return verdict('refused', refusal.reason)
    const built = await program.add(request)
    for (const [key, { data }] of Object.entries(one.inputs)) built.inputs[key]!.set(data)
    await built.run()
    for (const [k, wanted] of one.outputs.entries()) {
      const node = graph.nodes[graph.outputs[`out${k}`]!]!
      if (node.dtype !== wanted.dtype || !sameShape(node.shape, wanted.shape)) {
        return verdict('wrong', `${node.dtype} [${node.shape}] for ${wanted.dtype} [${wanted.shape}]`)
      }
      const difference = compare(built.outputs[`out${k}`]!, wanted)
      if (difference !== undefined) return verdict('wrong', difference)
    }
    return verdict('pass')
  } catch (error) {
    if (error instanceof RepriseError && error.code === 'RPR_COMPILE_UNSUPPORTED') {
      return verdict('refused', error.message)
    }
    return verdict('wrong', error instanceof Error ? error.message : String(error))
  }
}

/** The call as a graph of its own: operands are inputs, so that no pass folds them. */
export function graphOf(one: OracleCase): Graph {
  const g = new GraphBuilder()
  const inputs = Object.fromEntries(
    Object.entries(one.inputs).map(([name, { shape, dtype }]) => [name, g.input(name, shape, dtype)]),
  )
  const results = importKernel(g, { name: one.kernel, inputs, attributes: one.attributes })
  return simplify(g.build(Object.fromEntries(results.map((id, k) => [`out${k}`, id]))))
}

/** Relative to the larger of the value and a hundredth of the tensor's largest: sums cancel. */
const TOLERANCE = 1e-5

/** The first difference, if there is one. int32 and bool are exact; NaN is NaN and infinities have their sign. */
export function compare(got: HostData, wanted: HostArray, tolerance = TOLERANCE): string | undefined {
  if (got.length !== wanted.data.length) return `${got.length} values for ${wanted.data.length}`
  const finite = Array.from(wanted.data, Math.abs).filter(Number.isFinite)
  const floor = 1e-2 * finite.reduce((a, b) => Math.max(a, b), 0)
  for (let i = 0; i < got.length; i++) {
    const [a, b] = [got[i]!, wanted.data[i]!]
    if (Object.is(a, b) || a === b) continue
    const near = Math.abs(a - b) <= tolerance * Math.max(Math.abs(b), floor, 1e-6)
    if (wanted.dtype !== 'float32' || !near) return `${a} for ${b} at ${i}`
  }
  return undefined
}
