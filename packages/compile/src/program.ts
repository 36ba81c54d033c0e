/** Functions that share state, which stays inside; typed arrays in and out. */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { type CompiledFunction, flatSpecs, type Maker, makeFunction } from './compiled-function.ts'
import { explainWith } from './explain.ts'
import { type PreparedFunction, prepare } from './function-request.ts'
import { Runtime } from './runtime.ts'
import { checkState, isStateLeaf, readState, type SavedState } from './saved-state.ts'
import { Specialisations } from './specialisations.ts'
import type { StepsCall, StepsResult } from './steps.ts'
import { isSpec, leavesOf, mapTree, nest, type SpecTree, type TensorsOf } from './tree.ts'
import { emitWarning } from './warn.ts'

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

export interface ProgramBase {
  /** What it runs on: 'wasm', 'onnx', 'eager'. */
  readonly target: string
  /** Why: one sentence. */
  readonly reason: string
  /** `steps` of the function named `update`. */
  updates(call: StepsCall): MaybePromise<StepsResult>
  /** Copies, without padding: every target loads every other's. */
  save(): MaybePromise<SavedState>
  /** @throws RPR_STATE_MISMATCH where paths, shapes or types differ; the old state then stays */
  load(state: SavedState): MaybePromise<void>
  /** Gives memory back; every later call throws RPR_COMPILE_DISPOSED. */
  dispose(): void
}

export type Program<I> = ProgramBase & {
  readonly [K in keyof I]: I[K] extends SpecTree ? CompiledFunction<I[K]> : never
}

/** A definition whose inputs are not known: what the types above say is checked where `compile` is called. */
interface Definition {
  readonly fn: (state: never, inputs: never) => unknown
  readonly inputs: SpecTree
}

const RESERVED = ['target', 'reason', 'updates', 'save', 'load', 'dispose', 'then']

/**
 * Compiles functions into one program on one target. Recording happens here; where the target builds asynchronously
 * (onnx), the first call waits for it.
 * @throws RPR_COMPILE_* for what cannot be recorded, RPR_COMPILE_UNSUPPORTED for what the forced target cannot run
 */
export function compile<I extends Record<string, SpecTree>>(options: CompileOptions<I>): Program<I> {
  const { warn = emitWarning } = options
  const stateTree = nest(options.state ?? {}, isStateLeaf)
  const state = readState(stateTree)
  const definitions = Object.entries(options.functions as unknown as Readonly<Record<string, Definition>>)
  for (const [name] of definitions) {
    if (RESERVED.includes(name)) {
      throw new RepriseError('RPR_COMPILE_INPUT', `A function cannot be called '${name}': programs have that already.`)
    }
  }
  const prepareAs = (name: string, definition: Definition, inputs: SpecTree): PreparedFunction =>
    prepare(name, flatSpecs(inputs), state, (source) => {
      const own = mapTree(stateTree, isStateLeaf, (_, path) => source.state(path, state[path]!))
      const given = mapTree(inputs, isSpec, (_, path) => source.input(path, flatSpecs(inputs)[path]!))
      return splitState(definition.fn(own as never, given as never))
    })
  const prepared = definitions.map(([name, definition]) => prepareAs(name, definition, definition.inputs))
  const request = {
    state,
    functions: Object.fromEntries(prepared.map((fn) => [fn.request.name, fn.request])),
  }
  const { target, reason } = chooseTarget(request, options)
  const runtime = new Runtime(target, request)

  const functions = definitions.map(([name, definition], i) => {
    let extra = 0
    const maker: Maker = {
      prepare: (inputs) => prepareAs(`${name}#${++extra}`, definition, inputs),
      add: (fn) => {
        prepared.push(fn)
        return runtime.add(fn.request)
      },
      specialisations: new Specialisations<CompiledFunction>(name, warn),
    }
    const first = prepared[i]!
    const fn = makeFunction(name, definition.inputs, first, runtime.slot(first.request), maker)
    return [name, maker.specialisations.get(flatSpecs(definition.inputs), () => fn)] as const
  })

  const program: ProgramBase = {
    target: target.name,
    reason,
    updates: (call) => {
      const update = functions.find(([name]) => name === 'update')?.[1]
      if (update === undefined) throw new RepriseError('RPR_COMPILE_INPUT', "The program has no function 'update'.")
      return update.steps(call)
    },
    save: () =>
      andThen(runtime.save(), (saved) =>
        Object.fromEntries(
          Object.entries(state).map(([path, { shape, dtype }]) => [path, { shape, dtype, data: saved[path]! }]),
        ),
      ),
    load: (from) => {
      const given = readState(from)
      checkState(state, given)
      return runtime.load(Object.fromEntries(Object.entries(given).map(([path, { data }]) => [path, data])))
    },
    dispose: () => runtime.dispose(),
  }
  const whole = Object.assign(program, Object.fromEntries(functions))
  explainWith(whole, () => ({ prepared, target: target.name, reason }))
  return whole as Program<I>
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
