/** What turns a graph into something that runs. */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Graph, HostData, TensorSpec } from './graph.ts'

/** Makes a function's arguments, once each by name. */
export interface ArgumentSource {
  input(name: string, spec: TensorSpec): Tensor
  state(path: string, spec: TensorSpec): Tensor
}

export interface TracedResult {
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Leaves that stay as they are may be given or left out. */
  readonly nextState?: Readonly<Record<string, Tensor>>
}

/** One function of a program: its graph and the example it was recorded with. */
export interface FunctionRequest {
  readonly name: string
  /** Recorded and simplified on demand: a target may record in its own way and never ask. */
  graph(): Graph
  readonly inputs: Readonly<Record<string, TensorSpec>>
  /** Calls the user's function with tensors from `source`: to record in another way, or to run it eagerly. */
  trace?(source: ArgumentSource): TracedResult
}

export interface ProgramRequest {
  readonly state: Readonly<Record<string, TensorSpec & { readonly data: HostData }>>
  readonly functions: Readonly<Record<string, FunctionRequest>>
}

/** Why a target cannot take a program: the operation, or what is not installed. */
export interface Refusal {
  readonly reason: string
}

/** A built function: the host writes `inputs`, calls `run`, reads `outputs`. */
export interface BuiltFunction {
  /** Preallocated; the same arrays for the life of the program. */
  readonly inputs: Readonly<Record<string, HostData>>
  /** Valid after `run`, until its next call. */
  readonly outputs: Readonly<Record<string, HostData>>
  /** One call: reads inputs and state, writes outputs and the next state. */
  run(): void | Promise<void>
  /**
   * `count` calls as one, where the target has a cheaper way than one after the other. `feed` writes a step's arguments
   * to `inputs`, for all steps first; `collect` reads its results from `outputs`, for all steps at last.
   */
  repeat?(count: number, feed: (step: number) => void, collect: (step: number) => void): void | Promise<void>
}

export interface BuiltProgram {
  readonly functions: Readonly<Record<string, BuiltFunction>>
  /** Builds one more function (another specialisation) on the same state. */
  add(request: FunctionRequest): BuiltFunction | Promise<BuiltFunction>
  /** Copies of the state's leaves, without padding. */
  save(): Record<string, HostData> | Promise<Record<string, HostData>>
  load(state: Readonly<Record<string, HostData>>): void | Promise<void>
  dispose(): void
}

export interface Target {
  readonly name: string
  /** Operations per call from which 'auto' takes this target before all others; left out: never. See cost.ts. */
  readonly fromFlops?: number
  supports(request: ProgramRequest): Refusal | undefined
  build(request: ProgramRequest): BuiltProgram | Promise<BuiltProgram>
}
