/** Functions that share state, which stays inside; typed arrays in and out. */
import { assembleProgram, checkName, type Part, type Program } from './assemble-program.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { flatSpecs } from './compiled-function.ts'
import { type PreparedFunction, prepare } from './function-request.ts'
import { isStateLeaf, readState } from './saved-state.ts'
import { isSpec, leavesOf, mapTree, nest, type SpecTree, type TensorsOf } from './tree.ts'

export interface FunctionDefinition<I extends SpecTree> {
  /**
   * Pure: tensors in, tensors out. Its result is any tree of tensors; a key `state` in it is the next state, whole or in
   * part. The state has the structure that it was given to `compile` with.
   */
  fn(state: never, inputs: TensorsOf<I>): unknown
  /** A tree of specs: one input array each. */
  readonly inputs: I
}

export interface CompileOptions<I> extends TargetOptions {
  /** A tree of tensors, of host tensors (`{ shape, dtype, data }`), or of specs, which start at zero. Copied. */
  readonly state?: unknown
  readonly functions: { readonly [K in keyof I]: I[K] extends SpecTree ? FunctionDefinition<I[K]> : never }
}

export type { Program, ProgramBase } from './assemble-program.ts'

/** A definition whose inputs are not known: what the types above say is checked where `compile` is called. */
interface Definition {
  readonly fn: (state: never, inputs: never) => unknown
  readonly inputs: SpecTree
}

/**
 * Compiles functions into one program on one target. Recording happens here; where the target builds asynchronously
 * (onnx), the first call waits for it.
 * @throws RPR_COMPILE_* for what cannot be recorded, RPR_COMPILE_UNSUPPORTED for what the forced target cannot run
 */
export function compile<I extends Record<string, SpecTree>>(options: CompileOptions<I>): Program<I> {
  const stateTree = nest(options.state ?? {}, isStateLeaf)
  const state = readState(stateTree)
  const prepareAs = (name: string, definition: Definition, inputs: SpecTree): PreparedFunction =>
    prepare(name, flatSpecs(inputs), state, (source) => {
      const own = mapTree(stateTree, isStateLeaf, (_, path) => source.state(path, state[path]!))
      const given = mapTree(inputs, isSpec, (_, path) => source.input(path, flatSpecs(inputs)[path]!))
      return splitState(definition.fn(own as never, given as never))
    })
  const definitions = Object.entries(options.functions as unknown as Readonly<Record<string, Definition>>)
  const parts = definitions.map(([name, definition]): Part => {
    checkName(name)
    let extra = 0
    return {
      name,
      known: [[definition.inputs, prepareAs(name, definition, definition.inputs)]],
      prepare: (inputs) => prepareAs(`${name}#${++extra}`, definition, inputs),
    }
  })
  return assembleProgram(state, parts, (request) => chooseTarget(request, options), options) as Program<I>
}

/** The next state's leaves by path, and the rest. */
function splitState(result: unknown): { outputs: unknown; nextState: Record<string, unknown> } {
  if (typeof result !== 'object' || result === null || !('state' in result)) return { outputs: result, nextState: {} }
  const { state, ...outputs } = result
  const leaves = leavesOf(
    nest(state, isStateLeaf),
    (value): value is unknown => typeof value !== 'object' || isStateLeaf(value),
  )
  return { outputs, nextState: Object.fromEntries(leaves) }
}
