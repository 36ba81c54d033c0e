/** From prepared functions to a program: recorded now, or loaded from a file. */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import type { Choice, TargetOptions } from './choose-target.ts'
import { type CompiledFunction, flatSpecs, type Maker, makeFunction } from './compiled-function.ts'
import { explainWith } from './explain.ts'
import { writeProgram } from './file/program-file.ts'
import type { PreparedFunction } from './function-request.ts'
import type { TargetMove } from './rescue.ts'
import { Runtime } from './runtime.ts'
import { checkState, readState, type SavedState } from './saved-state.ts'
import { Specialisations } from './specialisations.ts'
import type { StepsCall, StepsResult } from './steps.ts'
import type { ProgramRequest } from './target.ts'
import type { SpecTree } from './tree.ts'
import { emitWarning } from './warn.ts'

export interface ProgramBase {
  /** What it runs on now: 'wasm', 'onnx', 'eager'. */
  readonly target: string
  /** Why: one sentence, and one more for each move. */
  readonly reason: string
  /** Targets that it left because they failed, with the reasons; empty is usual. */
  readonly moves: readonly TargetMove[]
  /** `steps` of the function named `update`. */
  updates(call: StepsCall): MaybePromise<StepsResult>
  /** Copies, without padding: every target loads every other's. */
  save(): MaybePromise<SavedState>
  /** @throws RPR_STATE_MISMATCH where paths, shapes or types differ; the old state then stays */
  load(state: SavedState): MaybePromise<void>
  /**
   * Writes everything to one file, so that `loadProgram` starts without recording: the graph of each function and shape
   * compiled so far, the present state, and what the present target made of them.
   * @throws RPR_FILE_UNWRITABLE; RPR_COMPILE_UNSUPPORTED where a function runs eagerly because it does not compile
   */
  write(path: string): Promise<void>
  /** Gives memory back; every later call throws RPR_COMPILE_DISPOSED. */
  dispose(): void
}

export type Program<I> = ProgramBase & {
  readonly [K in keyof I]: I[K] extends SpecTree ? CompiledFunction<I[K]> : never
}

/** A function before it runs. */
export interface Part {
  readonly name: string
  /** Its specialisations; the one that the program calls by the function's name is the first. */
  readonly known: readonly (readonly [inputs: SpecTree, prepared: PreparedFunction])[]
  /** Another one. */
  prepare(inputs: SpecTree): PreparedFunction
}

const RESERVED = ['target', 'reason', 'moves', 'updates', 'save', 'load', 'write', 'dispose', 'then']

/** @throws RPR_COMPILE_INPUT */
export function checkName(name: string): void {
  if (!RESERVED.includes(name)) return
  throw new RepriseError('RPR_COMPILE_INPUT', `A function cannot be called '${name}': programs have that already.`)
}

/** @param choose the target for the functions known so far */
export function assembleProgram(
  state: SavedState,
  parts: readonly Part[],
  choose: (request: ProgramRequest) => Choice,
  { warn = emitWarning }: TargetOptions,
): ProgramBase {
  const all = parts.map(({ name, known }) => ({ name, specialisations: [...known] }))
  const requests = parts.flatMap(({ known }) => known.map(([, { request }]) => [request.name, request] as const))
  const request = { state, functions: Object.fromEntries(requests) }
  const runtime = new Runtime(choose(request), request, warn)

  const functions = parts.map(({ name, known, prepare }, i) => {
    const maker: Maker = {
      prepare,
      add: (inputs, fn) => {
        const slot = runtime.add(fn.request)
        all[i]!.specialisations.push([inputs, fn])
        return slot
      },
      specialisations: new Specialisations<CompiledFunction>(name, warn),
    }
    const made = known.map(([inputs, fn]) =>
      maker.specialisations.get(flatSpecs(inputs), () =>
        makeFunction(name, inputs, fn, runtime.slot(fn.request), maker),
      ),
    )
    return [name, made[0]!] as const
  })

  const withSpecs = (saved: Readonly<Record<string, SavedState[string]['data']>>): SavedState =>
    Object.fromEntries(
      Object.entries(state).map(([path, { shape, dtype }]) => [path, { shape, dtype, data: saved[path]! }]),
    )
  const program: ProgramBase = {
    get target() {
      return runtime.target
    },
    get reason() {
      return runtime.reason
    },
    get moves() {
      return runtime.moves
    },
    updates: (call) => {
      const update = functions.find(([name]) => name === 'update')?.[1]
      if (update === undefined) throw new RepriseError('RPR_COMPILE_INPUT', "The program has no function 'update'.")
      return update.steps(call)
    },
    save: () => andThen(runtime.save(), withSpecs),
    load: (from) => {
      const given = readState(from)
      checkState(state, given)
      return runtime.load(Object.fromEntries(Object.entries(given).map(([path, { data }]) => [path, data])))
    },
    write: async (path) => {
      const saved = withSpecs(await runtime.save())
      await writeProgram(path, { state: saved, functions: all, target: runtime.target })
    },
    dispose: () => runtime.dispose(),
  }
  const whole = Object.assign(program, Object.fromEntries(functions))
  explainWith(whole, () => ({
    prepared: all.flatMap(({ specialisations }) => specialisations.map(([, fn]) => fn)),
    target: runtime.target,
    reason: runtime.reason,
  }))
  return whole
}
