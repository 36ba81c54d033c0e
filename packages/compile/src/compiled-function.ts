/** One function of a program as its user sees it. */
import type { MaybePromise } from '@reprise/core'
import type { PreparedFunction } from './function-request.ts'
import type { HostData, TensorSpec } from './graph.ts'
import type { Slot } from './runtime.ts'
import type { Specialisations } from './specialisations.ts'
import { Stepper, type StepsCall, type StepsResult } from './steps.ts'
import { type HostOf, type HostTree, isSpec, leavesOf, mapTree, type SpecTree } from './tree.ts'

export interface CompiledFunction<I extends SpecTree = SpecTree> {
  /**
   * Runs on what `inputs` holds. The result has the function's structure, with host arrays for tensors: views, valid
   * until the next call of this function. A promise where the target is asynchronous.
   */
  <O = HostTree>(): MaybePromise<O>
  /** Where the caller writes: the same arrays for the life of the program. */
  readonly inputs: HostOf<I>
  /** The same function for other shapes, on the same state. Made once per tuple of shapes. */
  at<J extends SpecTree>(inputs: J): CompiledFunction<J>
  /** k steps in one call; for functions with inputs `batch`, `noise` and `schedule`. */
  steps(call: StepsCall): MaybePromise<StepsResult>
}

/** What a program does to make a function run. */
export interface Maker {
  prepare(inputs: SpecTree): PreparedFunction
  /** Builds another specialisation. */
  add(inputs: SpecTree, prepared: PreparedFunction): Slot
  readonly specialisations: Specialisations<CompiledFunction>
}

export function makeFunction(
  name: string,
  inputs: SpecTree,
  prepared: PreparedFunction,
  slot: Slot,
  maker: Maker,
): CompiledFunction {
  const specs = flatSpecs(inputs)
  let previous: Readonly<Record<string, HostData>> | undefined
  let assembled: unknown
  let stepper: Stepper | undefined
  const finish = (outputs: Readonly<Record<string, HostData>>): unknown => {
    // Targets give the same arrays in each call, so the structure around them can be the same too.
    if (outputs !== previous || assembled === undefined) assembled = prepared.assemble(outputs)
    previous = outputs
    return assembled
  }
  const call = (): unknown => {
    const outputs = slot.run()
    return outputs instanceof Promise ? outputs.then(finish) : finish(outputs)
  }
  return Object.assign(call as never, {
    inputs: mapTree(inputs, isSpec, (_, path) => slot.inputs[path]),
    at: (other: SpecTree) =>
      maker.specialisations.get(flatSpecs(other), () => {
        const added = maker.prepare(other)
        return makeFunction(name, other, added, maker.add(other, added), maker)
      }),
    steps: (steps: StepsCall) => {
      stepper ??= new Stepper(name, slot, specs)
      return stepper.run(steps)
    },
  }) as CompiledFunction
}

export function flatSpecs(inputs: SpecTree): Readonly<Record<string, TensorSpec>> {
  return Object.fromEntries(leavesOf(inputs, isSpec).map(([path, { shape, dtype }]) => [path, { shape, dtype }]))
}
