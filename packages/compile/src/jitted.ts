/** What `jit` returns, whether its specialisations are recorded at a call or come from a file. */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { type Choice, chooseTarget, type TargetOptions } from './choose-target.ts'
import { explainWith } from './explain.ts'
import { writeProgram } from './file/program-file.ts'
import type { PreparedFunction } from './function-request.ts'
import type { HostData, TensorSpec } from './graph.ts'
import { type ArgumentValue, readArguments } from './jit-arguments.ts'
import { isRecording } from './record/record.ts'
import type { TargetMove } from './rescue.ts'
import { Runtime, type Slot } from './runtime.ts'
import { checkState, readState, type SavedState } from './saved-state.ts'
import { Specialisations } from './specialisations.ts'
import type { ProgramRequest } from './target.ts'
import { emitWarning } from './warn.ts'

export interface Jitted<A extends readonly unknown[], R> {
  (...args: A): MaybePromise<R>
  /** What it runs on, once it was called. */
  readonly target: string | undefined
  /** Targets that it left because they failed; empty is usual. */
  readonly moves: readonly TargetMove[]
  /** Handles of the carried arguments by key: what results hold in their place. */
  readonly carried: Readonly<Record<string, unknown>>
  /** The carried arguments, by key and path. */
  save(): MaybePromise<SavedState>
  /**
   * Writes everything to one file, so that `loadJitted` starts without recording: the graph of each tuple of shapes that
   * it was called with, the carried arguments, and what the present target made of them.
   * @throws RPR_FILE_UNWRITABLE; RPR_COMPILE_INPUT where it was not called, or a function among its arguments is a
   * constant; RPR_COMPILE_UNSUPPORTED where it runs eagerly because it does not compile
   */
  write(path: string): Promise<void>
  dispose(): void
}

/** Stands for an argument that is carried: opaque, and the same object after every call. */
const CARRIED = Symbol('carried')

/** A specialisation, and what it depends on. */
export interface Known {
  readonly inputs: Readonly<Record<string, TensorSpec>>
  /** Of arguments that are no tensors; '' for none. */
  readonly constants: string
  /** Whether `constants` means the same in another process. */
  readonly portable: boolean
  readonly prepared: PreparedFunction
}

/** State with its values. */
type State = Record<string, TensorSpec & { data: HostData }>

export interface JitSource {
  readonly name: string
  readonly carry: Readonly<Record<number, string>>
  /** Specialisations and state to start with; none where the first call brings them. */
  readonly restored?: { readonly known: readonly Known[]; readonly state: SavedState }
  choose?(request: ProgramRequest): Choice
  /** A new specialisation. `state` is known by then, and `carried` has the trees that it was given as. */
  prepare(
    name: string,
    args: readonly unknown[],
    inputs: Readonly<Record<string, TensorSpec>>,
    state: Readonly<Record<string, TensorSpec>>,
    carried: Readonly<Record<number, unknown>>,
  ): PreparedFunction
  /** The function itself, for a recording around the call. */
  inline(args: readonly unknown[]): unknown
}

export function makeJitted<A extends readonly unknown[], R>(source: JitSource, options: TargetOptions): Jitted<A, R> {
  const { name, carry, restored } = source
  const { warn = emitWarning } = options
  const { choose = (request: ProgramRequest) => chooseTarget(request, options) } = source
  const specialisations = new Specialisations<{ prepared: PreparedFunction; slot: Slot }>(name, warn)
  const all: Known[] = []
  const handles = Object.fromEntries(Object.values(carry).map((key) => [key, { [CARRIED]: key }]))
  const state: State = { ...restored?.state }
  let runtime: Runtime | undefined
  let structures: Record<number, unknown> = {}

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

  const keep = (known: Known, slot: Slot): void => {
    all.push(known)
    specialisations.get(known.inputs, () => ({ prepared: known.prepared, slot }), known.constants)
  }
  const start = (known: readonly Known[]): void => {
    const functions = Object.fromEntries(known.map(({ prepared: { request } }) => [request.name, request]))
    const request = { state, functions }
    const started = new Runtime(choose(request), request, warn)
    for (const one of known) keep(one, started.slot(one.prepared.request))
    runtime = started
  }
  if (restored !== undefined) start(restored.known)

  const specialise = (args: readonly unknown[], known: Omit<Known, 'prepared'>): void => {
    const unique = all.length === 0 ? name : `${name}#${all.length}`
    const one = { ...known, prepared: source.prepare(unique, args, known.inputs, state, structures) }
    if (runtime === undefined) start([one])
    else keep(one, runtime.add(one.prepared.request))
  }

  const call = (...args: A): MaybePromise<R> => {
    // Inside another recording the function is recorded along.
    if (isRecording()) return source.inline(args) as R
    const { inputs, values, constants, portable } = readArguments(args, carry)
    const fresh: Record<string, HostData> = {}
    for (const [position, key] of Object.entries(carry)) {
      const arg = args[Number(position)]
      if (arg !== handles[key]) Object.assign(fresh, take(Number(position), arg))
      else if (runtime === undefined) refuse(`The first call of '${name}' needs tensors as argument ${position}.`)
    }
    let found = specialisations.find(inputs, constants)
    if (found === undefined) {
      specialise(args, { inputs, constants, portable })
      found = specialisations.find(inputs, constants)!
    }
    const { prepared, slot } = found
    return andThen(replaceState(runtime!, state, fresh), () => {
      for (const [path, value] of Object.entries(values)) writeTo(slot.inputs[path]!, value)
      return andThen(slot.run(), (outputs) => {
        const specs = prepared.outputSpecs()
        const result = prepared.assemble(outputs, (data, path) => toTensor(data as HostData, specs[path]!))
        return (Object.keys(handles).length === 0 ? result : { ...(result as object), ...handles }) as R
      })
    })
  }

  const save = (): MaybePromise<SavedState> =>
    andThen(runtime?.save() ?? {}, (saved) =>
      Object.fromEntries(Object.entries(saved).map(([path, data]) => [path, { ...state[path]!, data }])),
    )
  const jitted = Object.assign(call, {
    carried: handles,
    save,
    write: async (path: string): Promise<void> => {
      if (runtime === undefined) refuse(`'${name}' was not called, so there is nothing to write.`)
      const bound = all.find(({ portable }) => !portable)
      if (bound)
        refuse(`'${name}' cannot be written: a function among its arguments is a constant (${bound.constants}).`)
      const saved = await save()
      const functions = [{ name, specialisations: all.map(({ inputs, prepared }) => [inputs, prepared] as const) }]
      const constants = all.map(({ constants }) => constants)
      await writeProgram(path, { state: saved, functions, target: runtime.target, jit: { carry, constants } })
    },
    dispose: () => runtime?.dispose(),
  })
  Object.defineProperty(jitted, 'target', { get: () => runtime?.target })
  Object.defineProperty(jitted, 'moves', { get: () => runtime?.moves ?? [] })
  explainWith(jitted, () => ({
    prepared: all.map(({ prepared }) => prepared),
    target: runtime?.target ?? 'none yet',
    reason: runtime?.reason ?? 'it was not called.',
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

function refuse(message: string): never {
  throw new RepriseError('RPR_COMPILE_INPUT', message)
}
