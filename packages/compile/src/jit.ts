/** Any function on trees of tensors, compiled when it is called, once per tuple of shapes. */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { explainWith } from './explain.ts'
import { type PreparedFunction, prepare } from './function-request.ts'
import type { HostData, TensorSpec } from './graph.ts'
import { type ArgumentValue, readArguments, splitCarried } from './jit-arguments.ts'
import { isRecording } from './record/record.ts'
import { Runtime, type Slot } from './runtime.ts'
import { checkState, readState, type SavedState } from './saved-state.ts'
import { Specialisations } from './specialisations.ts'
import { isTensor, join, mapTree } from './tree.ts'
import { emitWarning } from './warn.ts'

export interface JitOptions extends TargetOptions {
  /**
   * Arguments that stay inside, by position, and the key of the result that replaces each. The first call gives their
   * values; the result holds a handle in their place, which the next call takes. Any other tree of that structure, given
   * instead of the handle, starts anew from its values.
   */
  readonly carry?: Readonly<Record<number, string>>
  /** For messages; default the function's name. */
  readonly name?: string
}

export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): MaybePromise<R>
  /** What it runs on, once it was called. */
  readonly target: string | undefined
  /** The carried arguments, by key and path. */
  save(): MaybePromise<SavedState>
  dispose(): void
}

/** Stands for an argument that is carried: opaque, and the same object after every call. */
const CARRIED = Symbol('carried')

interface Specialised {
  readonly prepared: PreparedFunction
  readonly slot: Slot
}

/**
 * Returns a function that takes and gives what `fn` does. Tensors, and numbers, are inputs; other values (strings,
 * booleans) are constants of a specialisation. Results are new tensors on the active backend, owned by the caller.
 * A promise where the target is asynchronous.
 * @throws at the first call: RPR_COMPILE_* for what cannot be recorded; RPR_COMPILE_UNSUPPORTED for a forced target
 */
export function jit<A extends readonly unknown[], R>(fn: (...args: A) => R, options: JitOptions = {}): Jitted<A, R> {
  const { carry = {}, warn = emitWarning, name = fn.name || 'function' } = options
  const specialisations = new Specialisations<Specialised>(name, warn)
  const handles = Object.fromEntries(Object.values(carry).map((key) => [key, { [CARRIED]: key }]))
  const state: Record<string, TensorSpec & { data: HostData }> = {}
  let runtime: Runtime | undefined
  let structures: Record<number, unknown> = {}
  let chosen: { target: string; reason: string } | undefined

  /** New values for a carried argument: starts the state, or replaces what it holds. */
  const take = (position: number, tree: unknown): Record<string, HostData> => {
    const key = carry[position]!
    const given = readState({ [key]: tree })
    if (runtime === undefined) {
      structures = { ...structures, [position]: tree }
      Object.assign(state, given)
      return {}
    }
    const own = Object.fromEntries(Object.entries(state).filter(([path]) => path === key || path.startsWith(`${key}/`)))
    checkState(own, given)
    return Object.fromEntries(Object.entries(given).map(([path, { data }]) => [path, data]))
  }

  const specialise = (args: readonly unknown[], inputs: Readonly<Record<string, TensorSpec>>): Specialised => {
    const prepared = prepare(name, inputs, state, (source) => {
      const own = args.map((arg, position) => {
        const key = carry[position]
        return key === undefined
          ? mapTree(arg, isTensor, (leaf, path) => {
              const place = join(String(position), path)
              return inputs[place] === undefined ? leaf : source.input(place, inputs[place])
            })
          : mapTree(structures[position], isTensor, (_, path) => {
              const place = join(key, path)
              return source.state(place, state[place]!)
            })
      })
      const result = fn(...(own as unknown as A))
      return splitCarried(name, result, Object.values(carry))
    })
    if (runtime !== undefined) return { prepared, slot: runtime.add(prepared.request) }
    const request = { state, functions: { [name]: prepared.request } }
    const choice = chooseTarget(request, options)
    chosen = { target: choice.target.name, reason: choice.reason }
    runtime = new Runtime(choice.target, request)
    return { prepared, slot: runtime.slot(prepared.request) }
  }

  const call = (...args: A): MaybePromise<R> => {
    // Inside another recording the function is recorded along.
    if (isRecording()) return fn(...args)
    const { inputs, values, constants } = readArguments(args, carry)
    const fresh: Record<string, HostData> = {}
    for (const [position, key] of Object.entries(carry)) {
      const arg = args[Number(position)]
      if (arg !== handles[key]) Object.assign(fresh, take(Number(position), arg))
      else if (runtime === undefined) refuseEarlyHandle(name, position)
    }
    const { prepared, slot } = specialisations.get(inputs, () => specialise(args, inputs), constants)
    return andThen(replaceState(runtime!, state, fresh), () => {
      for (const [path, value] of Object.entries(values)) writeTo(slot.inputs[path]!, value)
      return andThen(slot.run(), (outputs) => {
        const specs = prepared.outputSpecs()
        const result = prepared.assemble(outputs, (data, path) => toTensor(data as HostData, specs[path]!))
        return (Object.keys(handles).length === 0 ? result : { ...(result as object), ...handles }) as R
      })
    })
  }

  const jitted = Object.assign(call, {
    save: (): MaybePromise<SavedState> =>
      andThen(runtime?.save() ?? {}, (saved) =>
        Object.fromEntries(Object.entries(saved).map(([path, data]) => [path, { ...state[path]!, data }])),
      ),
    dispose: () => runtime?.dispose(),
  })
  Object.defineProperty(jitted, 'target', { get: () => chosen?.target })
  explainWith(jitted, () => ({
    prepared: [...specialisations.values()].map(({ prepared }) => prepared),
    target: chosen?.target ?? 'none yet',
    reason: chosen?.reason ?? 'it was not called.',
  }))
  return jitted as unknown as Jitted<A, R>
}

/** New values for some leaves; the target's `load` takes all. */
function replaceState(
  runtime: Runtime,
  state: Readonly<Record<string, TensorSpec>>,
  fresh: Readonly<Record<string, HostData>>,
): MaybePromise<void> {
  const count = Object.keys(fresh).length
  if (count === 0) return undefined
  if (count === Object.keys(state).length) return runtime.load(fresh)
  return andThen(runtime.save(), (saved) => runtime.load({ ...saved, ...fresh }))
}

function writeTo(array: HostData, value: ArgumentValue): void {
  if (typeof value === 'number') array[0] = value
  else array.set(value.dataSync() as HostData)
}

/** Copied: the target writes to its array again. */
function toTensor(data: HostData, { shape, dtype }: TensorSpec): Tensor {
  return tensor(data.slice(), [...shape], dtype)
}

function refuseEarlyHandle(name: string, position: string): never {
  throw new RepriseError('RPR_COMPILE_INPUT', `The first call of '${name}' needs tensors as argument ${position}.`)
}
