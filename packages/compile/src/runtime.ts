/**
 * A built program behind one face, whether its target builds at once or not: input arrays exist immediately, and a call
 * waits for the build where it must.
 */
import { andThen, type MaybePromise, RepriseError } from '@reprise/core'
import { type HostData, sizeOf } from './graph.ts'
import { arrayFor } from './infer.ts'
import type { BuiltFunction, BuiltProgram, FunctionRequest, ProgramRequest, Target } from './target.ts'

export interface Slot {
  readonly inputs: Readonly<Record<string, HostData>>
  /** Runs once; the outputs are valid until the next run. */
  run(): MaybePromise<Readonly<Record<string, HostData>>>
}

export class Runtime {
  readonly #built: MaybePromise<BuiltProgram>
  /** The last asynchronous call: state makes calls of one program sequential. */
  #last: Promise<unknown> | undefined
  #disposed = false

  constructor(target: Target, request: ProgramRequest) {
    this.#built = target.build(request)
    // A failed build is reported by each call; nobody may be calling yet.
    if (this.#built instanceof Promise) this.#built.catch(() => {})
  }

  /** A function of the request. */
  slot(fn: FunctionRequest): Slot {
    return this.#slot(
      fn,
      andThen(this.#built, (program) => program.functions[fn.name]!),
    )
  }

  /** One more function on the same state. */
  add(fn: FunctionRequest): Slot {
    this.#check()
    const built = andThen(this.#built, (program) => program.add(fn))
    if (built instanceof Promise) built.catch(() => {})
    return this.#slot(fn, built)
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
    void this.#after(() => andThen(this.#built, (program) => program.dispose()))
  }

  #slot(fn: FunctionRequest, built: MaybePromise<BuiltFunction>): Slot {
    if (!(built instanceof Promise)) {
      const run = (): MaybePromise<Readonly<Record<string, HostData>>> => {
        if (this.#disposed) this.#check()
        const ran = this.#last === undefined ? built.run() : this.#after(() => built.run())
        if (ran === undefined) return built.outputs
        return this.#remember(ran.then(() => built.outputs))
      }
      return { inputs: built.inputs, run }
    }
    const inputs = Object.fromEntries(
      Object.entries(fn.inputs).map(([name, spec]) => [name, arrayFor(spec.dtype, sizeOf(spec.shape))]),
    )
    const run = (): MaybePromise<Readonly<Record<string, HostData>>> => {
      this.#check()
      return this.#remember(
        Promise.resolve(this.#last)
          .then(() => built)
          .then(async (ready) => {
            for (const [name, array] of Object.entries(inputs)) ready.inputs[name]?.set(array)
            await ready.run()
            return ready.outputs
          }),
      )
    }
    return { inputs, run }
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
