/**
 * A built program behind one face, whether its target builds at once or not: input arrays exist immediately, and a call
 * waits for the build where it must. Where a target fails to build the program, or one more function of it, the program
 * moves to the next target with its state; who holds its input arrays notices nothing.
 */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import { type Choice, refusalOf } from './choose-target.ts'
import { type HostData, sizeOf } from './graph.ts'
import { arrayFor } from './infer.ts'
import { Rescue, type TargetMove } from './rescue.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest, Target } from './target.ts'
import type { Warn } from './warn.ts'

export interface Slot {
  readonly inputs: Readonly<Record<string, HostData>>
  /** Runs once; the outputs are valid until the next run. */
  run(): MaybePromise<Readonly<Record<string, HostData>>>
  /** Several calls as one (see BuiltFunction.repeat): false where the target has no way of its own just now. */
  repeat(
    count: number,
    feed: (step: number) => void,
    collect: (step: number, outputs: Readonly<Record<string, HostData>>) => void,
  ): MaybePromise<void> | false
}

interface Place {
  readonly fn: FunctionRequest
  /** Changes when the program moves. */
  built: MaybePromise<BuiltFunction>
}

export class Runtime {
  readonly #reason: string
  readonly #rescue: Rescue
  readonly #state: ProgramRequest['state']
  readonly #functions: Record<string, FunctionRequest>
  readonly #places = new Set<Place>()
  #target: Target
  #built: MaybePromise<BuiltProgram>
  /** The last asynchronous call: state makes calls of one program sequential. */
  #last: Promise<unknown> | undefined
  #disposed = false

  constructor(choice: Choice, request: ProgramRequest, warn: Warn) {
    this.#target = choice.target
    this.#reason = choice.reason
    this.#rescue = new Rescue(choice, warn)
    this.#state = request.state
    this.#functions = { ...request.functions }
    this.#built = quiet(this.#build(choice.target, request))
  }

  /** What it runs on now. */
  get target(): string {
    return this.#target.name
  }

  /** Why: one sentence, and one more for each move. */
  get reason(): string {
    return [this.#reason, ...this.moves.map(({ from, to, reason }) => `Moved from ${from} to ${to}: ${reason}`)].join(
      ' ',
    )
  }

  get moves(): readonly TargetMove[] {
    return this.#rescue.moves
  }

  /** A function of the request. */
  slot(fn: FunctionRequest): Slot {
    return this.#slot(fn, quiet(andThen(this.#built, (program) => program.functions[fn.name]!)))
  }

  /** One more function on the same state. */
  add(fn: FunctionRequest): Slot {
    this.#check()
    if (this.#last === undefined && !(this.#built instanceof Promise))
      return this.#slot(fn, quiet(this.#add(this.#built, fn)))
    // In turn, like a call: a program that moves takes its state along, and later calls must find it there.
    const added = Promise.resolve(this.#last).then(async () => this.#add(await this.#built, fn))
    return this.#slot(fn, quiet(this.#remember(added)))
  }

  save(): MaybePromise<Record<string, HostData>> {
    this.#check()
    return this.#after(() => andThen(this.#built, (program) => program.save()))
  }

  load(state: Readonly<Record<string, HostData>>): MaybePromise<void> {
    this.#check()
    return this.#after(() => andThen(this.#built, (program) => program.load(state)))
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    quiet(this.#after(() => andThen(this.#built, (program) => program.dispose())))
  }

  #build(target: Target, request: ProgramRequest): MaybePromise<BuiltProgram> {
    const fail = (error: unknown): MaybePromise<BuiltProgram> => this.#buildNext(target, error, request)
    try {
      const built = target.build(request)
      return built instanceof Promise ? built.catch(fail) : built
    } catch (error) {
      return fail(error)
    }
  }

  /** On the next target that takes it. @throws `error` where there is none */
  #buildNext(from: Target, error: unknown, request: ProgramRequest): MaybePromise<BuiltProgram> {
    const { target, move } = this.#rescue.next(from, error, request)
    this.#rescue.moved(target, move)
    this.#target = target
    return this.#build(target, request)
  }

  #add(program: BuiltProgram, fn: FunctionRequest): MaybePromise<BuiltFunction> {
    const fail = (error: unknown): MaybePromise<BuiltFunction> => this.#move(program, error, fn)
    const keep = (built: BuiltFunction): BuiltFunction => {
      this.#functions[fn.name] = fn
      return built
    }
    try {
      const refusal = refusalOf(this.#target, { state: this.#state, functions: { [fn.name]: fn } })
      if (refusal !== undefined) {
        const message = `Target '${this.#target.name}' cannot run '${fn.name}': ${refusal}`
        throw new RepriseError('RPR_COMPILE_UNSUPPORTED', message, { value: this.#target.name })
      }
      const added = program.add(fn)
      return added instanceof Promise ? added.then(keep, fail) : keep(added)
    } catch (error) {
      return fail(error)
    }
  }

  /** Takes all functions and one more to another target. Where that fails, everything stays as it was. */
  #move(program: BuiltProgram, error: unknown, fn: FunctionRequest): MaybePromise<BuiltFunction> {
    const functions = { ...this.#functions, [fn.name]: fn }
    // Before the state is copied: mostly there is no other target.
    this.#rescue.next(this.#target, error, { state: this.#state, functions })
    const from = this.#target
    const old = [...this.#places].map((place) => [place, place.built] as const)
    const stay = (failure: unknown): never => {
      this.#target = from
      this.#built = program
      for (const [place, built] of old) place.built = built
      throw failure
    }
    const start = (saved: Readonly<Record<string, HostData>>): MaybePromise<BuiltProgram> => {
      const state = Object.fromEntries(
        Object.entries(this.#state).map(([path, spec]) => [path, { ...spec, data: saved[path]! }]),
      )
      return this.#buildNext(from, error, { state, functions })
    }
    const settle = (next: BuiltProgram): BuiltProgram => {
      this.#functions[fn.name] = fn
      program.dispose()
      return next
    }
    try {
      const moved = andThen(program.save(), start)
      this.#built = moved instanceof Promise ? quiet(moved.then(settle, stay)) : settle(moved)
    } catch (failure) {
      return stay(failure)
    }
    for (const [place] of old) place.built = quiet(andThen(this.#built, (next) => next.functions[place.fn.name]!))
    return andThen(this.#built, (next) => next.functions[fn.name]!)
  }

  #slot(fn: FunctionRequest, built: MaybePromise<BuiltFunction>): Slot {
    const place: Place = { fn, built }
    this.#places.add(place)
    const inputs =
      built instanceof Promise
        ? Object.fromEntries(
            Object.entries(fn.inputs).map(([name, spec]) => [name, arrayFor(spec.dtype, sizeOf(spec.shape))]),
          )
        : built.inputs
    const start = (now: BuiltFunction): void | Promise<void> => {
      if (now.inputs !== inputs) for (const name in inputs) now.inputs[name]?.set(inputs[name]!)
      return now.run()
    }
    const later = async (): Promise<Readonly<Record<string, HostData>>> => {
      const now = await place.built
      await start(now)
      return now.outputs
    }
    const run = (): MaybePromise<Readonly<Record<string, HostData>>> => {
      if (this.#disposed) this.#check()
      const now = place.built
      if (this.#last !== undefined || now instanceof Promise) {
        return this.#remember(Promise.resolve(this.#last).then(later))
      }
      const ran = start(now)
      return ran === undefined ? now.outputs : this.#remember(ran.then(() => now.outputs))
    }
    const repeat: Slot['repeat'] = (count, feed, collect) => {
      if (this.#disposed) this.#check()
      const now = place.built
      if (this.#last !== undefined || now instanceof Promise || now.inputs !== inputs || now.repeat === undefined) {
        return false
      }
      const ran = now.repeat(count, feed, (step) => collect(step, now.outputs))
      return ran === undefined ? undefined : this.#remember(ran)
    }
    return { inputs, run, repeat }
  }

  /** After the call in flight, if there is one. */
  #after<T>(next: () => MaybePromise<T>): MaybePromise<T> {
    return this.#last === undefined ? next() : this.#last.then(next)
  }

  #remember<T>(call: Promise<T>): Promise<T> {
    const settled: Promise<void> = call.then(
      () => this.#forget(settled),
      () => this.#forget(settled),
    )
    this.#last = settled
    return call
  }

  #forget(call: Promise<void>): void {
    if (this.#last === call) this.#last = undefined
  }

  #check(): void {
    if (this.#disposed) throw new RepriseError('RPR_COMPILE_DISPOSED', 'The program was disposed.')
  }
}

/** A failed build is reported by each call; nobody may be calling yet. */
function quiet<T>(value: MaybePromise<T>): MaybePromise<T> {
  if (value instanceof Promise) value.catch(() => {})
  return value
}
