/** From a user's function on trees to the flat request that targets take. */
import { RepriseError } from '@reprise/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Dtype, Graph, TensorSpec } from './graph.ts'
import { simplify } from './passes/simplify.ts'
import { record } from './record/record.ts'
import type { ArgumentSource, FunctionRequest, TracedResult } from './target.ts'
import { isTensor, mapTree } from './tree.ts'
import { describe, sameSpec } from './validate.ts'

/** What the user's function, called with tensors from a source, gave back. */
export interface UserResult {
  readonly outputs: unknown
  /** Path -> tensor, for state that may change. */
  readonly nextState?: Readonly<Record<string, unknown>>
}

export interface PreparedFunction {
  readonly request: FunctionRequest
  /** As recorded, before the passes. */
  recorded(): Graph
  /** Shape and type of each output. Known once the function was traced. */
  outputSpecs(): Readonly<Record<string, TensorSpec>>
  /** The structure of the outputs as JSON: output names for tensors. Known once the function was traced. */
  structure(): unknown
  /** The structure of the outputs, with values from `outputs` at its leaves. Known once the function was traced. */
  assemble(outputs: Readonly<Record<string, unknown>>, leaf?: (value: unknown, path: string) => unknown): unknown
}

/**
 * @param name for messages and the graph
 * @param call runs the user's function; must not read values
 */
export function prepare(
  name: string,
  inputs: Readonly<Record<string, TensorSpec>>,
  state: Readonly<Record<string, TensorSpec>>,
  call: (source: ArgumentSource) => UserResult,
): PreparedFunction {
  let structure: unknown
  let specs: Readonly<Record<string, TensorSpec>> = {}
  let recorded: Graph | undefined
  let simplified: Graph | undefined

  const trace = (source: ArgumentSource): TracedResult => {
    const { outputs, nextState = {} } = call(source)
    refusePromise(outputs, name)
    const leaves: Record<string, Tensor> = {}
    structure ??= mapTree(outputs, isTensor, (_, path) => nameOf(path))
    mapTree(outputs, isTensor, (leaf, path) => {
      leaves[nameOf(path)] = tensorAt(leaf, name, path)
    })
    specs = Object.fromEntries(Object.entries(leaves).map(([path, leaf]) => [path, specOf(leaf)]))
    for (const [path, leaf] of Object.entries(nextState)) checkState(name, path, leaf, state[path])
    return { outputs: leaves, nextState } as TracedResult
  }
  const graph = (): Graph => {
    recorded ??= record(name, trace)
    return recorded
  }
  return {
    request: {
      name,
      inputs,
      trace,
      graph: () => {
        simplified ??= simplify(graph())
        return simplified
      },
    },
    recorded: graph,
    outputSpecs: () => specs,
    structure: () => structure,
    assemble: (outputs, leaf) => assembleAs(structure, outputs, leaf),
  }
}

/** A function that was prepared before: its graph, the specs of its outputs and their structure. */
export function prepared(
  { name, inputs, graph }: Omit<FunctionRequest, 'trace'>,
  specs: Readonly<Record<string, TensorSpec>>,
  structure: unknown,
): PreparedFunction {
  return {
    request: { name, inputs, graph },
    recorded: graph,
    outputSpecs: () => specs,
    structure: () => structure,
    assemble: (outputs, leaf) => assembleAs(structure, outputs, leaf),
  }
}

/** @param structure with output names at its leaves */
function assembleAs(
  structure: unknown,
  outputs: Readonly<Record<string, unknown>>,
  leaf: (value: unknown, path: string) => unknown = (value) => value,
): unknown {
  return mapTree(
    structure,
    (value) => typeof value === 'string',
    (value) => leaf(outputs[value as string], value as string),
  )
}

/** Output names must not be empty: a result that is one tensor is called 'result'. */
function nameOf(path: string): string {
  return path === '' ? 'result' : path
}

function refusePromise(result: unknown, name: string): void {
  if (typeof (result as PromiseLike<unknown> | null)?.then !== 'function') return
  // Its error, if it has one, is not the point.
  Promise.resolve(result).catch(() => {})
  throw new RepriseError('RPR_COMPILE_ASYNC', `'${name}' is asynchronous.`, {
    hint: 'A compiled function is recorded in one go: await outside of it, and pass what came as an argument.',
  })
}

function specOf(tensor: Tensor): TensorSpec {
  return { shape: [...tensor.shape], dtype: tensor.dtype as Dtype }
}

function tensorAt(leaf: unknown, name: string, path: string): Tensor {
  if (isTensor(leaf)) return leaf
  throw new RepriseError(
    'RPR_COMPILE_OUTPUT',
    `'${name}' returned ${leaf === undefined ? 'undefined' : typeof leaf} ${path === '' ? '' : `at '${path}' `}` +
      'where a tensor is needed.',
    { value: leaf, hint: 'A compiled function returns tensors, or objects and arrays of them.' },
  )
}

function checkState(name: string, path: string, leaf: unknown, own: TensorSpec | undefined): void {
  const tensor = specOf(tensorAt(leaf, name, path))
  if (own !== undefined && sameSpec(own, tensor)) return
  const wanted = own === undefined ? 'which does not exist' : `which is ${describe(own)}`
  throw new RepriseError(
    'RPR_COMPILE_OUTPUT',
    `'${name}' returned ${describe(tensor)} for the state '${path}', ${wanted}.`,
    { value: path, hint: 'The state keeps its shapes and types: return leaves like those it had.' },
  )
}
