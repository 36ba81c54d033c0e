/** All that it takes to run one function on ONNX Runtime, without its graph: plain data that can be written to a file. */
import { graphFlops } from '../cost.ts'
import type { TensorSpec } from '../graph.ts'
import type { FunctionRequest } from '../target.ts'
import { type Lowered, lowerGraph } from './lower/lower.ts'
import { encodeModel } from './model.ts'
import { chooseThreads } from './threads.ts'

export interface FunctionPlan extends Pick<Lowered, 'feeds' | 'outputs' | 'nextState' | 'needsOneThread'> {
  readonly name: string
  readonly inputs: Readonly<Record<string, TensorSpec>>
  /** The encoded ModelProto; undefined where every result is an argument, a leaf of the state or a constant. */
  readonly model: Uint8Array | undefined
  readonly flops: number
  /** Whether ONNX Runtime has optimised the model before. */
  readonly optimised?: boolean
}

/** @throws RPR_COMPILE_UNSUPPORTED */
export function planFunction(request: FunctionRequest): FunctionPlan {
  const graph = request.graph()
  const { model, feeds, outputs, nextState, needsOneThread } = lowerGraph(graph, { name: request.name })
  return {
    name: request.name,
    inputs: request.inputs,
    model: model.outputs.length === 0 ? undefined : encodeModel(model),
    feeds,
    outputs,
    nextState,
    needsOneThread,
    flops: graphFlops(graph),
  }
}

/** Threads for a plan: as asked, or by its cost; always one where several would race. */
export function planThreads(plan: FunctionPlan, asked: number | undefined): number {
  return plan.needsOneThread ? 1 : (asked ?? chooseThreads(plan.flops))
}
